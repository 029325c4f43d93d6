import { assertNever } from '../../../shared/result.ts';
import { CR, DOLLAR, isLetter, LF } from './bytes.ts';
import { Gatherer } from './gatherer.ts';
import {
  contentLengthOf,
  type MessageHead,
  parseHeaderLine,
  parseStartLine,
  type RtspRequest,
  type RtspResponse,
} from './message.ts';
import { OpenBody } from './open-body.ts';

export interface FramerError {
  /**
   * `NOT_RTSP`: the very first bytes are no RTSP. `TOO_LARGE`: a limit was passed. `MALFORMED`: a message
   * whose end nobody can tell. `GARBAGE`: too many bytes between messages.
   */
  readonly code: 'NOT_RTSP' | 'TOO_LARGE' | 'MALFORMED' | 'GARBAGE';
  readonly message: string;
}

/** What comes out of the byte stream, in its order. */
export interface FramerHandlers {
  request(request: RtspRequest): void;
  response(response: RtspResponse): void;
  /**
   * One interleaved packet. `payload` is a subarray of the pushed chunk where it lay whole in it (else a
   * copy), so it stays valid for as long as nobody writes to the chunk.
   */
  interleaved(channel: number, payload: Buffer): void;
  /** Fatal: all later input is ignored, the connection is to be closed. */
  error(error: FramerError): void;
}

export interface FramerOptions {
  /** Start line and headers together; default 16 KiB. */
  readonly maxHeadBytes?: number;
  /** Default 100. */
  readonly maxHeaders?: number;
  /** Default 64 KiB. */
  readonly maxBodyBytes?: number;
  /**
   * For the client side: bytes out of frame (after the first good message) are skipped to the next `RTSP/` or
   * `$` on a known channel, because there are cameras with a wrong Content-Length or stray bytes. Default
   * false: an error.
   */
  readonly resync?: boolean;
  /**
   * Whether a good response without a Content-Length, or with 0, may have a body all the same: cameras leave it out of
   * their answers to DESCRIBE. Such a body ends before what is no line of SDP, or with `endOpenBody()`. Default: never, as RFC 2326
   * section 4.4 has it.
   */
  mayLackLength?(): boolean;
  /** Asked only while looking for the next frame. Default: channels 0 to 7. */
  isKnownChannel?(channel: number): boolean;
  /** Bytes skipped in a row before it counts as an error; default 64 KiB. */
  readonly maxGarbageBytes?: number;
}

/** Where in the byte stream we are. `open-body` is a body whose size nobody told, `lost` looks for the next frame. */
type State = 'start' | 'line' | 'body' | 'open-body' | 'frame-header' | 'frame-payload' | 'lost' | 'ended';

const RESPONSE_MARK = 'RTSP/';

/**
 * Cuts the bytes of an RTSP connection into requests, responses and interleaved packets (RFC 2326 sections 4
 * and 10.12). Gives the same events however the bytes are chunked, and holds at most one head, body or
 * packet.
 */
export class RtspFramer {
  readonly #handlers: FramerHandlers;
  readonly #maxHeadBytes: number;
  readonly #maxHeaders: number;
  readonly #maxBodyBytes: number;
  readonly #maxGarbageBytes: number;
  readonly #resync: boolean;
  readonly #mayLackLength: () => boolean;
  readonly #isKnownChannel: (channel: number) => boolean;

  #state: State = 'start';
  #head: MessageHead | undefined;
  #headBytes = 0;
  #headerLines = 0;
  readonly #line: Gatherer;
  #body: Buffer | undefined;
  #openBody: OpenBody | undefined;
  #frame: Buffer | undefined;
  #filled = 0;
  readonly #frameHeader = Buffer.alloc(4);
  #frameHeaderBytes = 0;
  #markBytes = 0;
  #seenMessage = false;
  #lost = false;
  #garbageBytes = 0;
  #skippedBytes = 0;

  constructor(handlers: FramerHandlers, options: FramerOptions = {}) {
    this.#handlers = handlers;
    this.#maxHeadBytes = options.maxHeadBytes ?? 16 * 1024;
    this.#maxHeaders = options.maxHeaders ?? 100;
    this.#maxBodyBytes = options.maxBodyBytes ?? 64 * 1024;
    this.#maxGarbageBytes = options.maxGarbageBytes ?? 64 * 1024;
    this.#resync = options.resync ?? false;
    this.#mayLackLength = options.mayLackLength?.bind(options) ?? (() => false);
    this.#isKnownChannel = options.isKnownChannel?.bind(options) ?? ((channel) => channel < 8);
    this.#line = new Gatherer();
  }

  /** Bytes skipped between frames since the start. */
  get skippedBytes(): number {
    return this.#skippedBytes;
  }

  /** A message's body is being read of which nobody can tell yet whether it is whole. */
  get hasOpenBody(): boolean {
    return this.#state === 'open-body';
  }

  /** Delivers the message whose body is open with what there is of it: nothing more came for a while. */
  endOpenBody(): void {
    const head = this.#head;
    const open = this.#openBody;
    if (this.#state !== 'open-body' || head === undefined || open === undefined) return;
    this.#openBody = undefined;
    const { body, heldLetter } = open.end();
    this.#message(head, body);
    if (heldLetter !== undefined) this.push(heldLetter);
  }

  /** Nothing more is delivered, not even the rest of the chunk in work. */
  stop(): void {
    this.#state = 'ended';
  }

  push(chunk: Buffer): void {
    let offset = 0;
    while (offset < chunk.length) {
      const state = this.#state;
      switch (state) {
        case 'start':
          offset = this.#start(chunk, offset);
          break;
        case 'line':
          offset = this.#takeLine(chunk, offset);
          break;
        case 'body':
          offset = this.#takeBody(chunk, offset);
          break;
        case 'open-body':
          offset = this.#takeOpenBody(chunk, offset);
          break;
        case 'frame-header':
          offset = this.#takeFrameHeader(chunk, offset);
          break;
        case 'frame-payload':
          offset = this.#takeFramePayload(chunk, offset);
          break;
        case 'lost':
          offset = this.#search(chunk, offset);
          break;
        case 'ended':
          return;
        default:
          assertNever(state);
      }
    }
  }

  #start(chunk: Buffer, offset: number): number {
    const byte = chunk[offset] ?? 0;
    if (byte === DOLLAR) {
      // The common case of the hot path: header and payload whole in this chunk.
      const end = offset + 4 + (((chunk[offset + 2] ?? 0) << 8) | (chunk[offset + 3] ?? 0));
      if (end <= chunk.length && offset + 4 <= chunk.length) {
        this.#garbageBytes = 0;
        this.#handlers.interleaved(chunk[offset + 1] ?? 0, chunk.subarray(offset + 4, end));
        return end;
      }
      this.#frameHeaderBytes = 0;
      this.#state = 'frame-header';
      return offset;
    }
    // Cameras put line ends between a body and the next frame.
    if (byte === CR || byte === LF) return offset + 1;
    if (this.#resync && this.#seenMessage && !isLetter(byte)) {
      this.#becomeLost();
      return offset;
    }
    this.#head = undefined;
    this.#headBytes = 0;
    this.#headerLines = 0;
    this.#state = 'line';
    return offset;
  }

  /** Takes up to the next line end; a line may come in many chunks. */
  #takeLine(chunk: Buffer, offset: number): number {
    const at = chunk.indexOf(LF, offset);
    const end = at === -1 ? chunk.length : at + 1;
    if (this.#headBytes + (end - offset) > this.#maxHeadBytes) {
      if (this.#head === undefined) {
        // The whole limit without a line end is no start line; skip or end as for any other bad one.
        const taken = this.#maxHeadBytes - this.#headBytes;
        this.#line.clear();
        this.#badStartLine(this.#maxHeadBytes, '');
        return offset + taken;
      }
      this.#fail('TOO_LARGE', `message head over ${this.#maxHeadBytes} bytes`);
      return chunk.length;
    }
    this.#headBytes += end - offset;
    this.#line.add(chunk.subarray(offset, end));
    if (at !== -1) this.#lineEnded();
    return end;
  }

  #lineEnded(): void {
    const sizeBytes = this.#line.sizeBytes;
    const line = this.#line
      .take()
      .toString('utf8')
      .replace(/\r?\n$/, '');
    const head = this.#head;
    if (head === undefined) {
      this.#head = parseStartLine(line.trimEnd());
      if (this.#head === undefined) this.#badStartLine(sizeBytes, line);
      return;
    }
    if (line === '') {
      this.#headEnded(head);
      return;
    }
    this.#headerLines += 1;
    if (this.#headerLines > this.#maxHeaders) {
      this.#fail('TOO_LARGE', `more than ${this.#maxHeaders} header lines`);
      return;
    }
    if (/^[ \t]/.test(line)) {
      head.headers.continueLast(line.trim());
      return;
    }
    const field = parseHeaderLine(line);
    if (field !== undefined) head.headers.append(field[0], field[1]);
  }

  #badStartLine(sizeBytes: number, line: string): void {
    if (this.#resync && this.#seenMessage) {
      this.#becomeLost();
      this.#skip(sizeBytes);
      return;
    }
    const protocol = /^HTTP\/|HTTP\/\d\.\d$/.test(line) ? 'HTTP, not RTSP' : 'no RTSP';
    if (this.#seenMessage) this.#fail('MALFORMED', 'bytes that are neither a message nor a packet');
    else this.#fail('NOT_RTSP', `the other side speaks ${protocol}`);
  }

  #headEnded(head: MessageHead): void {
    const sizeBytes = contentLengthOf(head.headers);
    if (sizeBytes === undefined) {
      this.#fail('MALFORMED', 'unreadable Content-Length');
    } else if (sizeBytes > this.#maxBodyBytes) {
      this.#fail('TOO_LARGE', `body of ${sizeBytes} bytes, over the limit of ${this.#maxBodyBytes}`);
    } else if (sizeBytes === 0 && this.#isOpenEnded(head)) {
      this.#openBody = new OpenBody(this.#maxBodyBytes);
      this.#state = 'open-body';
    } else if (sizeBytes === 0) {
      this.#message(head, Buffer.alloc(0));
    } else {
      this.#body = Buffer.allocUnsafe(sizeBytes);
      this.#filled = 0;
      this.#state = 'body';
    }
  }

  #takeBody(chunk: Buffer, offset: number): number {
    const body = this.#body;
    const head = this.#head;
    if (body === undefined || head === undefined) return chunk.length;
    const taken = chunk.copy(body, this.#filled, offset, offset + body.length - this.#filled);
    this.#filled += taken;
    if (this.#filled === body.length) {
      this.#body = undefined;
      this.#message(head, body);
    }
    return offset + taken;
  }

  #isOpenEnded(head: MessageHead): boolean {
    if (head.kind === 'request' || head.statusCode < 200 || head.statusCode >= 300) return false;
    return this.#mayLackLength();
  }

  #takeOpenBody(chunk: Buffer, offset: number): number {
    const open = this.#openBody;
    if (open === undefined) return chunk.length;
    const taken = open.take(chunk, offset);
    if (typeof taken === 'number') return taken;
    if (taken === 'over') {
      this.endOpenBody();
      return offset;
    }
    this.#fail('TOO_LARGE', `body over the limit of ${this.#maxBodyBytes} bytes`);
    return chunk.length;
  }

  #message(head: MessageHead, body: Buffer): void {
    this.#state = 'start';
    this.#head = undefined;
    this.#found();
    this.#seenMessage = true;
    switch (head.kind) {
      case 'request':
        this.#handlers.request({ method: head.method, uri: head.uri, headers: head.headers, body });
        break;
      case 'response':
        this.#handlers.response({
          statusCode: head.statusCode,
          reason: head.reason,
          headers: head.headers,
          body,
        });
        break;
      default:
        assertNever(head);
    }
  }

  #takeFrameHeader(chunk: Buffer, offset: number): number {
    const header = this.#frameHeader;
    header[this.#frameHeaderBytes] = chunk[offset] ?? 0;
    this.#frameHeaderBytes += 1;
    const channel = header[1] ?? 0;
    if (this.#lost && this.#frameHeaderBytes === 2 && !this.#isKnownChannel(channel)) {
      // A `$` among garbage. The byte after it may be the true one, so it is looked at again.
      this.#state = 'lost';
      this.#skip(1);
      return offset;
    }
    if (this.#frameHeaderBytes < 4) return offset + 1;
    const sizeBytes = header.readUInt16BE(2);
    if (sizeBytes === 0) {
      this.#interleaved(channel, Buffer.alloc(0));
    } else {
      this.#filled = 0;
      this.#frame = undefined;
      this.#state = 'frame-payload';
    }
    return offset + 1;
  }

  #takeFramePayload(chunk: Buffer, offset: number): number {
    const sizeBytes = this.#frameHeader.readUInt16BE(2);
    const channel = this.#frameHeader[1] ?? 0;
    if (this.#filled === 0 && chunk.length - offset >= sizeBytes) {
      this.#interleaved(channel, chunk.subarray(offset, offset + sizeBytes));
      return offset + sizeBytes;
    }
    this.#frame ??= Buffer.allocUnsafeSlow(sizeBytes);
    const frame = this.#frame;
    const taken = chunk.copy(frame, this.#filled, offset, offset + sizeBytes - this.#filled);
    this.#filled += taken;
    if (this.#filled === sizeBytes) {
      this.#frame = undefined;
      this.#interleaved(channel, frame);
    }
    return offset + taken;
  }

  #interleaved(channel: number, payload: Buffer): void {
    this.#state = 'start';
    this.#found();
    this.#handlers.interleaved(channel, payload);
  }

  #search(chunk: Buffer, offset: number): number {
    const byte = chunk[offset] ?? 0;
    if (byte === RESPONSE_MARK.charCodeAt(this.#markBytes)) {
      this.#markBytes += 1;
      if (this.#markBytes === RESPONSE_MARK.length) {
        this.#markBytes = 0;
        this.#head = undefined;
        this.#headerLines = 0;
        this.#headBytes = RESPONSE_MARK.length;
        this.#line.add(Buffer.from(RESPONSE_MARK));
        this.#state = 'line';
      }
      return offset + 1;
    }
    if (this.#markBytes > 0) {
      // The bytes of a broken-off mark hold no start of another one, as no letter of it comes twice before
      // the end.
      const skipped = this.#markBytes;
      this.#markBytes = 0;
      this.#skip(skipped);
      return offset;
    }
    if (byte === DOLLAR) {
      this.#frameHeaderBytes = 0;
      this.#state = 'frame-header';
      return offset;
    }
    this.#skip(1);
    return offset + 1;
  }

  #becomeLost(): void {
    this.#lost = true;
    this.#markBytes = 0;
    this.#head = undefined;
    this.#state = 'lost';
  }

  #found(): void {
    this.#lost = false;
    this.#garbageBytes = 0;
  }

  #skip(sizeBytes: number): void {
    this.#skippedBytes += sizeBytes;
    this.#garbageBytes += sizeBytes;
    if (this.#garbageBytes > this.#maxGarbageBytes) {
      this.#fail('GARBAGE', `${this.#maxGarbageBytes} bytes that are neither a message nor a packet`);
    }
  }

  #fail(code: FramerError['code'], message: string): void {
    if (this.#state === 'ended') return;
    this.#state = 'ended';
    this.#line.clear();
    this.#body = undefined;
    this.#openBody = undefined;
    this.#frame = undefined;
    this.#handlers.error({ code, message });
  }
}
