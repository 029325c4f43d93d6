import type { HTMLAttributes } from 'preact';
import type { SluicePlayer } from '../player/index.ts';

/** The player as a tag of JSX. What is no attribute is set by its ref. */
declare module 'preact' {
  namespace JSX {
    interface IntrinsicElements {
      'sluice-player': HTMLAttributes<SluicePlayer> & {
        src?: string;
        server?: string;
        mode?: string;
        quality?: string;
        poster?: string | undefined;
        bare?: boolean;
        autoplay?: boolean;
        controls?: boolean;
        muted?: boolean;
        'start-time'?: string | number | undefined;
        'end-time'?: string | number | undefined;
      };
    }
  }
}
