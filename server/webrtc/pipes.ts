import type { types } from 'mediasoup';
import type { RouterRef } from './router-set.ts';

/** A producer of one router as another router can consume it. */
export interface PipeLease {
  readonly producerId: string;
  release(): void;
}

interface Link {
  readonly local: types.PipeTransport;
  readonly remote: types.PipeTransport;
  pipes: number;
}

interface Pipe {
  readonly opened: Promise<{ producerId: string; close(): void }>;
  users: number;
}

const LINK_BUFFER_BYTES = 2 * 1024 * 1024;

/**
 * Producers brought to other routers, of the same or of another worker: each once however many consume it there,
 * over one pair of transports for each pair of routers, both closed when unused.
 *
 * The piped producer gets an id of its own: within one worker the original's cannot be used twice.
 */
export class Pipes {
  readonly #links = new Map<string, Promise<Link>>();
  readonly #pipes = new Map<string, Pipe>();

  get size(): number {
    return this.#pipes.size;
  }

  async acquire(producerId: string, from: RouterRef, to: RouterRef): Promise<PipeLease> {
    if (from.id === to.id) return { producerId, release() {} };
    const key = `${producerId} ${to.id}`;
    let pipe = this.#pipes.get(key);
    if (pipe === undefined) {
      pipe = { opened: this.#open(key, producerId, from, to), users: 0 };
      this.#pipes.set(key, pipe);
    }
    const held = pipe;
    held.users += 1;
    try {
      const opened = await held.opened;
      let isReleased = false;
      return {
        producerId: opened.producerId,
        release: () => {
          if (isReleased) return;
          isReleased = true;
          held.users -= 1;
          if (held.users === 0) opened.close();
        },
      };
    } catch (failure) {
      if (this.#pipes.get(key) === held) this.#pipes.delete(key);
      throw failure;
    }
  }

  async #open(
    key: string,
    producerId: string,
    from: RouterRef,
    to: RouterRef,
  ): Promise<{ producerId: string; close(): void }> {
    const { link, leave } = await this.#join(from, to);
    try {
      const consumer = await link.local.consume({ producerId });
      const producer = await link.remote.produce({
        kind: consumer.kind,
        rtpParameters: consumer.rtpParameters,
        paused: consumer.producerPaused,
      });
      const undoLoads = [from.worker.addLoad('pipe'), to.worker.addLoad('pipe')];
      let isClosed = false;
      const close = () => {
        if (isClosed) return;
        isClosed = true;
        this.#pipes.delete(key);
        for (const undo of undoLoads) undo();
        consumer.close();
        producer.close();
        leave();
      };
      consumer.observer.on('close', close);
      producer.observer.on('close', close);
      if (consumer.closed || producer.closed) {
        close();
        throw new Error('the producer was closed while it was piped');
      }
      return { producerId: producer.id, close };
    } catch (failure) {
      leave();
      throw failure;
    }
  }

  async #join(from: RouterRef, to: RouterRef): Promise<{ link: Link; leave(): void }> {
    const key = `${from.id} ${to.id}`;
    let opening = this.#links.get(key);
    if (opening === undefined) {
      opening = this.#connect(from, to);
      this.#links.set(key, opening);
      const made = opening;
      const forget = () => {
        if (this.#links.get(key) === made) this.#links.delete(key);
      };
      made.then((link) => link.local.observer.on('close', forget), forget);
    }
    const link = await opening;
    link.pipes += 1;
    let hasLeft = false;
    return {
      link,
      leave: () => {
        if (hasLeft) return;
        hasLeft = true;
        link.pipes -= 1;
        if (link.pipes === 0) link.local.close();
      },
    };
  }

  async #connect(from: RouterRef, to: RouterRef): Promise<Link> {
    const options = {
      listenInfo: {
        protocol: 'udp',
        ip: '127.0.0.1',
        sendBufferSize: LINK_BUFFER_BYTES,
        recvBufferSize: LINK_BUFFER_BYTES,
      },
    } as const;
    const local = await from.router.createPipeTransport(options);
    let remote: types.PipeTransport | undefined;
    try {
      remote = await to.router.createPipeTransport(options);
      const far = remote;
      await Promise.all([
        local.connect({ ip: far.tuple.localAddress, port: far.tuple.localPort }),
        far.connect({ ip: local.tuple.localAddress, port: local.tuple.localPort }),
      ]);
      local.observer.on('close', () => far.close());
      far.observer.on('close', () => local.close());
      if (local.closed || far.closed) throw new Error('a worker died while routers were joined');
      return { local, remote: far, pipes: 0 };
    } catch (failure) {
      local.close();
      remote?.close();
      throw failure;
    }
  }
}
