import { readFileSync } from 'node:fs';
import { RtspFramer, type RtspResponse } from '../../../server/rtsp/parse/index.ts';

/** A camera's captured reply as it was on the wire. */
export function fixtureBytes(name: string): Buffer {
  return readFileSync(new URL(`../../fixtures/rtsp/${name}.txt`, import.meta.url));
}

/** A camera's captured reply, read by the framer. */
export function fixtureResponse(name: string): RtspResponse {
  const responses: RtspResponse[] = [];
  const framer = new RtspFramer({
    request: () => {
      throw new Error('a request');
    },
    response: (response) => responses.push(response),
    interleaved: () => {
      throw new Error('a packet');
    },
    error: (error) => {
      throw new Error(error.message);
    },
  });
  framer.push(fixtureBytes(name));
  const [response] = responses;
  if (response === undefined || responses.length !== 1) throw new Error(`${responses.length} responses`);
  return response;
}
