/** The little of sdp-transform that tests use as an oracle; it brings no types of its own. */
declare module 'sdp-transform' {
  export interface ParsedMedia {
    readonly type: string;
    readonly port: number;
    readonly direction?: string;
    readonly payloads?: string;
    readonly fmtp: ReadonlyArray<{ readonly payload: number; readonly config: string }>;
    readonly setup?: string;
    readonly fingerprint?: { readonly type: string; readonly hash: string };
    readonly candidates?: ReadonlyArray<{ readonly transport: string; readonly tcptype?: string }>;
    readonly ext?: ReadonlyArray<{ readonly value: number; readonly uri: string }>;
    readonly ssrcGroups?: ReadonlyArray<{ readonly semantics: string; readonly ssrcs: string }>;
  }
  export interface ParsedSdp {
    readonly icelite?: string;
    readonly groups?: ReadonlyArray<{ readonly type: string; readonly mids: string | number }>;
    readonly media: readonly ParsedMedia[];
  }
  export function parse(sdp: string): ParsedSdp;
}
