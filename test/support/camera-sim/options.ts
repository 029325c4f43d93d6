import type { TlsOptions } from 'node:tls';
import type { SimConnection } from './connection.ts';
import type { SimAudio, SimVideo } from './media.ts';
import type { NetworkConditions } from './network.ts';
import type { Packetisation } from './packetise.ts';
import type { SimReply, SimRequest } from './rtsp-io.ts';
import type { PayloadTypes } from './sdp.ts';

/** `late`: the first comes only after 30 s. `nonsense`: its time is random. `none`: never. */
export type SenderReportHabit = 'good' | 'none' | 'late' | 'nonsense';

/** What the camera is; a cue may change it for connections to come. */
export interface CameraTraits {
  readonly video?: SimVideo | undefined;
  readonly audio?: SimAudio | undefined;
  readonly packetisation?: Packetisation;
  readonly payloadTypes?: PayloadTypes;
  /** Refuses the other one with 461. Default `any`. */
  readonly transports?: 'any' | 'tcp' | 'udp';
  /** In place of what it would tell of itself; media goes by this one's sections. */
  readonly sdp?: string | ((own: string) => string);
  /** Captured replies by method, sent as they are but for the CSeq. A list: one after the other, the last again and again. */
  readonly replies?: Readonly<Record<string, string | readonly string[]>>;
  /** Answers in place of the default when it returns a reply; `silent` sends nothing. */
  readonly onRequest?: (request: SimRequest, connection: SimConnection) => SimReply | 'silent' | undefined;
  /** The CSeq of its replies, for cameras that count otherwise; undefined: none. Absent: the request's. */
  readonly countsAs?: (cseq: number) => number | undefined;
  readonly auth?: {
    readonly scheme: 'basic' | 'digest';
    readonly username: string;
    readonly password: string;
    /** Of digest; absent: the form of RFC 2069. */
    readonly qop?: 'auth' | 'auth-int';
  };
  /** As the Session header tells it. Default 60. */
  readonly sessionTimeoutS?: number;
  /** Where each session's RTP begins; random by the seed where absent. */
  readonly first?: { readonly ssrc?: number; readonly sequence?: number; readonly timestamp?: number };
  /** The reply to PLAY tells first sequence and time of each track. Default true. */
  readonly rtpInfo?: boolean;
  /** Sound is kept for so long and then sent at once. Default 0. */
  readonly audioBurstMs?: number;
  /** Packets that leave before the reply to PLAY, as some cameras' do. Default 0. */
  readonly earlyMs?: number;
  readonly senderReports?: SenderReportHabit;
  /** Default 5000. */
  readonly senderReportEveryMs?: number;
  /** The camera's wall clock less this machine's. */
  readonly clockOffsetMs?: number;
  /** How much its crystal is too fast, in millionths: its pictures come as much too often. */
  readonly driftPpm?: number;
  /** Its crystal runs too fast by as much, yet its pictures come as they should: only timestamps drift. */
  readonly timestampDriftPpm?: number;
}

export interface CameraOptions extends CameraTraits {
  /** Default 1; a second camera with the same seed does the same. */
  readonly seed?: number;
  /** Default 127.0.0.1; any 127.x.y.z will do, to be another device. */
  readonly host?: string;
  /** 0 or absent: any free port. */
  readonly port?: number;
  readonly tls?: TlsOptions;
  readonly network?: Partial<NetworkConditions>;
}

/** What has come over the camera; cues change it, and all its sessions look at it. */
export interface CameraMood {
  /** Sends no media. */
  isSilent: boolean;
  /** Answers no request. */
  isDeaf: boolean;
  /** Every reply comes so much late. */
  replyDelayMs: number;
  /** Put in front of the next replies' headers. */
  extraHeaders: string[];
  /** How many further requests are answered with 401, whatever they say. */
  refusals: number;
  redirect: { readonly location: string; timesLeft: number } | undefined;
  /** Put into the byte stream between two interleaved frames. */
  garbage: Buffer[];
}

/** Nothing has. */
export function calm(): CameraMood {
  return {
    isSilent: false,
    isDeaf: false,
    replyDelayMs: 0,
    extraHeaders: [],
    refusals: 0,
    redirect: undefined,
    garbage: [],
  };
}
