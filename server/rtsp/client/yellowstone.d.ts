/**
 * Types of what our connection class extends of yellowstone 2.1.0, which ships none. Everything its own code
 * does beyond the constructor is overridden; see docs/decisions/0001-yellowstone.md.
 */
declare module 'yellowstone' {
  import type { EventEmitter } from 'node:events';

  export class RtspClient extends EventEmitter {
    constructor(username?: string, password?: string, headers?: Record<string, string>);
    isConnected: boolean;
    username: string | undefined;
    password: string | undefined;
    headers: Record<string, string>;
    _onData(data: Buffer): void;
    connect(url: string): Promise<{ format: string }>;
    request(requestName: string, headers?: Record<string, string>, url?: string): Promise<unknown>;
    respond(status: string, headers?: Record<string, string>): void;
    play(): Promise<unknown>;
    pause(): Promise<unknown>;
    close(isImmediate?: boolean): Promise<unknown>;
  }
}
