import type { Socket } from 'node:net';
import { challenge, isAuthorised } from './auth.ts';
import type { SimMedia } from './media.ts';
import type { NetworkConditions } from './network.ts';
import type { CameraMood, CameraTraits } from './options.ts';
import { formatReply, readRequests, replayed, type SimReply, type SimRequest } from './rtsp-io.ts';
import { buildSdp, type SdpSection, sectionsOf } from './sdp.ts';
import { integer, type Random, randomBytes } from './seeded.ts';
import { SimSession } from './session.ts';
import { openUdpPair, parseTransport, tcpOutput, type UdpPair } from './transport.ts';

export interface ConnectionDeps {
  readonly socket: Socket;
  readonly traits: CameraTraits;
  readonly mood: CameraMood;
  readonly random: Random;
  readonly network: NetworkConditions;
  readonly host: string;
  readonly onRequest: (request: SimRequest) => void;
}

const PUBLIC = 'OPTIONS, DESCRIBE, SETUP, PLAY, PAUSE, TEARDOWN, GET_PARAMETER, SET_PARAMETER';

/** One client of the camera. */
export class SimConnection {
  readonly socket: Socket;
  readonly session: SimSession;
  readonly requests: SimRequest[] = [];
  /** Receiver reports and the like that the client sent. */
  rtcpReceived = 0;
  readonly openedAtMs = performance.now();
  readonly #deps: ConnectionDeps;
  readonly #nonce: string;
  readonly #sessionId: string;
  readonly #udp: UdpPair[] = [];
  readonly #repliesGiven = new Map<string, number>();
  readonly #setUp = new Set<string>();
  #sections: readonly SdpSection[] = [];
  #playUrl = '';

  constructor(deps: ConnectionDeps) {
    this.#deps = deps;
    const { socket, traits, mood, random, network } = deps;
    this.socket = socket;
    this.#nonce = randomBytes(random, 8).toString('hex');
    this.#sessionId = String(integer(random, 1e9));
    this.session = new SimSession(traits, mood, random, network);
    this.#learn(this.#description());
    socket.on('error', () => {});
    socket.on('close', () => this.#release());
    readRequests(socket, {
      request: (request) => this.#onRequest(request),
      interleaved: () => {
        this.rtcpReceived += 1;
      },
    });
  }

  get isOpen(): boolean {
    return !this.socket.destroyed;
  }

  write(data: string | Buffer): void {
    if (this.socket.writable) this.socket.write(data);
  }

  #writeReply(text: string): void {
    const { countsAs } = this.#deps.traits;
    if (countsAs === undefined) {
      this.write(text);
      return;
    }
    const counted = text.replace(/^cseq: *(\d+)\r\n/im, (_field, asked: string) => {
      const cseq = countsAs(Number(asked));
      return cseq === undefined ? '' : `CSeq: ${cseq}\r\n`;
    });
    this.write(counted);
  }

  #release(): void {
    this.session.pause();
    for (const pair of this.#udp) pair.close();
  }

  #onRequest(request: SimRequest): void {
    this.requests.push(request);
    this.#deps.onRequest(request);
    const { mood } = this.#deps;
    if (mood.isDeaf) return;
    if (mood.replyDelayMs > 0) setTimeout(() => void this.#answer(request), mood.replyDelayMs);
    else void this.#answer(request);
  }

  async #answer(request: SimRequest): Promise<void> {
    const { traits, mood } = this.#deps;
    const scripted = this.#refusal(request) ?? traits.onRequest?.(request, this);
    if (scripted === 'silent') return;
    const extra = mood.extraHeaders.splice(0);
    if (scripted !== undefined) {
      this.#writeReply(formatReply(request, scripted, extra));
      return;
    }
    const captured = this.#captured(request);
    const reply = await this.#reply(request, captured);
    const isGood = (reply.status ?? 200) === 200;
    if (request.method === 'PLAY' && isGood && (traits.earlyMs ?? 0) > 0) {
      this.session.play();
      await new Promise((resolve) => setTimeout(resolve, traits.earlyMs));
    }
    this.#writeReply(captured ?? formatReply(request, reply, extra));
    if (request.method === 'PLAY' && isGood) this.session.play();
    if (request.method === 'PAUSE') this.session.pause();
    if (request.method === 'TEARDOWN') this.#release();
  }

  #refusal(request: SimRequest): SimReply | undefined {
    const { mood, traits, random } = this.#deps;
    const { redirect } = mood;
    if (redirect !== undefined && redirect.timesLeft > 0 && request.method === 'DESCRIBE') {
      redirect.timesLeft -= 1;
      return { status: 302, headers: { Location: redirect.location } };
    }
    if (mood.refusals > 0 && request.method !== 'OPTIONS') {
      mood.refusals -= 1;
      return challenge(traits.auth ?? { scheme: 'digest' }, randomBytes(random, 8).toString('hex'));
    }
    if (traits.auth === undefined || request.method === 'OPTIONS') return undefined;
    if (isAuthorised(request, traits.auth, this.#nonce)) return undefined;
    return challenge(traits.auth, this.#nonce);
  }

  #captured(request: SimRequest): string | undefined {
    const replies = this.#deps.traits.replies?.[request.method];
    if (replies === undefined) return undefined;
    const given = this.#repliesGiven.get(request.method) ?? 0;
    this.#repliesGiven.set(request.method, given + 1);
    const text = typeof replies === 'string' ? replies : (replies[given] ?? replies.at(-1) ?? '');
    return replayed(text, request);
  }

  async #reply(request: SimRequest, captured: string | undefined): Promise<SimReply> {
    switch (request.method) {
      case 'OPTIONS':
        return { headers: { Public: PUBLIC } };
      case 'DESCRIBE': {
        const headers = { 'Content-Base': `${request.url}/`, 'Content-Type': 'application/sdp' };
        return { headers, body: this.#description() };
      }
      case 'SETUP':
        return this.#setup(request, captured);
      case 'PLAY': {
        this.#playUrl = request.url;
        const info = this.#deps.traits.rtpInfo === false ? {} : { 'RTP-Info': this.#rtpInfo() };
        return { headers: { Session: this.#sessionId, ...info } };
      }
      default:
        return { headers: { Session: this.#sessionId } };
    }
  }

  #description(): string {
    const { traits } = this.#deps;
    const own = buildSdp(traits, traits.payloadTypes ?? {}, traits.packetisation ?? {});
    return typeof traits.sdp === 'function' ? traits.sdp(own) : (traits.sdp ?? own);
  }

  /** Which track a SETUP means goes by the description that the client was given, captured ones too. */
  #learn(description: string): void {
    const captured = this.#deps.traits.replies?.DESCRIBE;
    const text = typeof captured === 'string' ? captured : captured?.at(-1);
    this.#sections = sectionsOf((text ?? description).replace(/\r?\n/g, '\r\n'));
  }

  async #setup(request: SimRequest, captured: string | undefined): Promise<SimReply> {
    const { traits, socket, host } = this.#deps;
    const asked = parseTransport(request.headers.get('transport') ?? '');
    const { transports = 'any' } = traits;
    if (asked === undefined || (transports !== 'any' && transports !== asked.kind)) return { status: 461 };
    // A captured reply may name other channels than were asked for; the camera sends on those it names.
    const named = parseTransport(/^transport:.*$/im.exec(captured ?? '')?.[0] ?? '');
    const channels = named?.kind === 'tcp' ? named : asked;
    const section = this.#sectionOf(request.url);
    const media: SimMedia | undefined = section?.kind === 'audio' ? traits.audio : traits.video;
    let transport = request.headers.get('transport') ?? '';
    if (asked.kind === 'udp') {
      const pair = await openUdpPair(socket, host, (isRtcp) => {
        if (isRtcp) this.rtcpReceived += 1;
      });
      this.#udp.push(pair);
      if (section !== undefined && media !== undefined) {
        this.session.addTrack(media, section.payloadType, pair.output(asked));
      }
      transport += `;server_port=${pair.port}-${pair.port + 1}`;
    } else if (section !== undefined && media !== undefined) {
      this.session.addTrack(
        media,
        section.payloadType,
        tcpOutput((bytes) => this.#writeMedia(bytes), channels),
      );
    }
    const { sessionTimeoutS = 60 } = traits;
    return { headers: { Transport: transport, Session: `${this.#sessionId};timeout=${sessionTimeoutS}` } };
  }

  #sectionOf(url: string): SdpSection | undefined {
    const named = this.#sections.find(({ control }) => control !== undefined && url.endsWith(control));
    const section = named ?? this.#sections.find(({ kind }) => !this.#setUp.has(kind));
    if (section !== undefined) this.#setUp.add(section.kind);
    return section;
  }

  #writeMedia(bytes: Buffer): void {
    const { garbage } = this.#deps.mood;
    for (const piece of garbage.splice(0)) this.write(piece);
    this.write(bytes);
  }

  #rtpInfo(): string {
    return this.session.tracks
      .map(({ state }, index) => {
        const url = `${this.#playUrl.replace(/\/$/, '')}/trackID=${index}`;
        return `url=${url};seq=${state.sequence};rtptime=${state.timestampBase}`;
      })
      .join(',');
  }
}
