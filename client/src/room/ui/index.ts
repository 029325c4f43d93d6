export { Button, IconButton } from './button.tsx';
export { Choice } from './choice.tsx';
export { Dialog } from './dialog.tsx';
export { Field } from './field.tsx';
export { Icon, type IconName } from './icon.tsx';
export { Menu, type MenuItem } from './menu.tsx';
export { Notice, Toasts, toast } from './notice.tsx';
export { Progress } from './progress.tsx';
