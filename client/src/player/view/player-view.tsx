import { Component, createRef, render } from 'preact';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { commandOf } from '../keyboard.ts';
import type { Surface } from '../surface.ts';
import { translator } from '../texts.ts';
import { Controls, Menu } from './controls.tsx';
import type { ViewActions, ViewModel } from './model.ts';
import { KeyHelp, Overlay, OverPicture } from './overlay.tsx';
import { StatsOverlay } from './stats-overlay.tsx';
import { PLAYER_CSS } from './styles.ts';

const ACTIVE_FOR_MS = 3_000;
let sheet: CSSStyleSheet | undefined;

/** The DOM of a player. It shows what it is given and tells what the viewer asks for; it decides nothing. */
export class PlayerView {
  readonly #root: ShadowRoot;
  readonly #surface: Surface;
  readonly #actions: ViewActions;

  constructor(root: ShadowRoot, surface: Surface, actions: ViewActions) {
    this.#root = root;
    this.#surface = surface;
    this.#actions = actions;
    sheet ??= madeSheet();
    root.adoptedStyleSheets = [sheet];
  }

  render(model: ViewModel): void {
    render(<Frame model={model} surface={this.#surface} actions={this.#actions} />, this.#root);
  }
}

interface FrameProps {
  readonly model: ViewModel;
  readonly surface: Surface;
  readonly actions: ViewActions;
}

/** The video and what covers it, put there once: whoever moves a video stops it. */
class Screen extends Component<{ readonly surface: Surface }> {
  readonly #place = createRef<HTMLDivElement>();

  override shouldComponentUpdate(): boolean {
    return false;
  }

  override componentDidMount(): void {
    const { video, still } = this.props.surface;
    this.#place.current?.append(video, still);
  }

  override render() {
    return <div class="screen" ref={this.#place} />;
  }
}

function Frame({ model, surface, actions }: FrameProps) {
  const t = translator(model.language);
  const [menuOpen, setMenuOpen] = useState(false);
  const frame = useRef<HTMLDivElement>(null);
  const active = useActive();
  const isFirstTouch = useRef(false);
  const closeMenu = (): void => {
    if (!menuOpen) return;
    setMenuOpen(false);
    frame.current?.querySelector<HTMLElement>('.more')?.focus();
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.defaultPrevented) return;
    isFirstTouch.current = false;
    active.touch();
    if (event.key === 'Escape' && (menuOpen || model.help)) {
      event.preventDefault();
      if (menuOpen) closeMenu();
      else actions.do('toggle-help');
      return;
    }
    const command = commandOf(event, controlOf(event.target));
    if (command === undefined) return;
    event.preventDefault();
    actions.do(command);
  };
  const helpWasOpen = useRef(false);
  useLayoutEffect(() => {
    // What had the focus in it is gone; the next key may come at once.
    if (helpWasOpen.current && !model.help) frame.current?.focus();
    helpWasOpen.current = model.help;
  }, [model.help]);
  const parts = { model, actions, t };
  const classes = [
    'frame',
    active.now ? 'active' : '',
    model.recorded ? 'recorded' : '',
    menuOpen ? 'menu-open' : '',
  ];
  const label = t(model.recorded ? 'recordedOf' : 'liveOf', { stream: model.stream });
  const handlers = {
    role: 'group',
    'aria-label': label,
    // Its keys work wherever in it the focus is.
    tabIndex: 0,
    'aria-keyshortcuts': 'Space K M F P I S L ?',
    onKeyDown,
    onPointerEnter: actions.approached,
    onPointerMove: ({ pointerType }: PointerEvent) => {
      if (pointerType === 'mouse') active.touch();
    },
    onPointerLeave: ({ pointerType }: PointerEvent) => {
      if (pointerType === 'mouse') active.rest();
    },
    onFocusIn: () => {
      active.touch();
      actions.approached();
    },
    onPointerDown: ({ pointerType }: PointerEvent) => {
      isFirstTouch.current = pointerType !== 'mouse' && !active.now;
      active.touch();
      actions.approached();
    },
    // The touch that shows the controls presses none of them: until then nobody saw where they are.
    onClickCapture: (event: MouseEvent) => {
      if (isFirstTouch.current && event.target instanceof Element && event.target.closest('.controls')) {
        event.stopPropagation();
        event.preventDefault();
      }
      isFirstTouch.current = false;
    },
    onDblClick: ({ target }: MouseEvent) => {
      if (target === surface.video || target === surface.still) actions.do('toggle-fullscreen');
    },
  } as const;
  // One element either way: a video that is moved to another place stops.
  return (
    <div
      ref={frame}
      class={classes.filter((name) => name !== '').join(' ')}
      part="frame"
      lang={model.language}
      {...(model.bare ? { role: 'img' as const, 'aria-label': label } : handlers)}
    >
      <Screen surface={surface} />
      {model.bare ? undefined : (
        <>
          <Overlay {...parts} />
          <OverPicture {...parts} />
          {model.stats === undefined ? undefined : (
            <StatsOverlay
              {...parts}
              stats={model.stats}
              recorded={model.recorded}
              language={model.language}
            />
          )}
          <Controls {...parts} menuOpen={menuOpen} setMenuOpen={setMenuOpen} />
          {menuOpen && model.controls ? <Menu {...parts} close={closeMenu} /> : undefined}
          {model.help ? <KeyHelp {...parts} /> : undefined}
        </>
      )}
    </div>
  );
}

/** The controls stay for a while after the viewer did something: a finger does not hover, and a mouse may rest on the picture. */
function useActive(): { readonly now: boolean; touch(): void; rest(): void } {
  const [now, setNow] = useState(false);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);
  const rest = (): void => {
    clearTimeout(timer.current);
    setNow(false);
  };
  const touch = (): void => {
    setNow(true);
    clearTimeout(timer.current);
    timer.current = setTimeout(rest, ACTIVE_FOR_MS);
  };
  return { now, touch, rest };
}

function controlOf(target: EventTarget | null): 'button' | 'choice' | undefined {
  if (target instanceof HTMLSelectElement) return 'choice';
  return target instanceof HTMLButtonElement ? 'button' : undefined;
}

function madeSheet(): CSSStyleSheet {
  const made = new CSSStyleSheet();
  made.replaceSync(PLAYER_CSS);
  return made;
}
