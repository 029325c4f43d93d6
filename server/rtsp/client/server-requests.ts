import type { RtspRequest } from '../parse/index.ts';

/** The answer to a request that the camera sends, and what follows from it. */
export interface ServerRequestAnswer {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;
  /** The camera sends us elsewhere (RFC 2326 section 10.10); undefined where it names no place. */
  readonly redirect?: { readonly location: string | undefined };
}

const PUBLIC = { Public: 'OPTIONS, GET_PARAMETER, SET_PARAMETER, REDIRECT, ANNOUNCE' };

/**
 * Answers OPTIONS, GET_PARAMETER and SET_PARAMETER (cameras ask these to see whether we live), ANNOUNCE (a changed
 * SDP; parameter sets are taken from the stream anyway) and REDIRECT. Anything else is 501: a request left without
 * an answer makes some servers end the session.
 */
export function answerServerRequest(request: RtspRequest): ServerRequestAnswer {
  switch (request.method) {
    case 'OPTIONS':
      return { statusCode: 200, headers: PUBLIC };
    case 'GET_PARAMETER':
    case 'ANNOUNCE':
      return { statusCode: 200, headers: {} };
    case 'SET_PARAMETER':
      // RFC 2326 section 11.3.2: a parameter that we do not know; without a body it is a sign of life.
      return { statusCode: request.body.length === 0 ? 200 : 451, headers: {} };
    case 'REDIRECT':
      return { statusCode: 200, headers: {}, redirect: { location: request.headers.get('Location') } };
    default:
      return { statusCode: 501, headers: PUBLIC };
  }
}
