import { Readable } from 'node:stream';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ApiError } from '../../shared/errors.ts';
import { matchesEtag, parseRange, rangeCounts } from './byte-range.ts';
import type { ServedFile } from './ports-exports.ts';

/** Answers with a file, or the part of it that Range asks for. A browser keeps it under its name instead of showing it. */
export function sendFile(
  file: ServedFile,
  contentType: string,
  { request, reply }: { request: FastifyRequest; reply: FastifyReply },
): FastifyReply {
  const { range: rangeHeader, 'if-range': ifRange, 'if-none-match': ifNoneMatch } = request.headers;
  const { sizeBytes, etag, name } = file;
  const range = rangeCounts(ifRange, etag) ? parseRange(rangeHeader, sizeBytes) : { kind: 'whole' as const };
  if (range.kind === 'unsatisfiable') {
    reply.header('content-range', `bytes */${sizeBytes}`);
    throw new ApiError('RANGE_NOT_SATISFIABLE', `The file has only ${sizeBytes} bytes.`);
  }
  const isUnchanged = matchesEtag(ifNoneMatch, etag);
  const { start, end } = range.kind === 'part' ? range : { start: 0, end: sizeBytes };
  // Before the headers: a refusal must not carry them. The framework would read all of it to answer HEAD.
  const body = isUnchanged || request.method === 'HEAD' ? Readable.from([]) : file.read(start, end);
  reply.headers({
    etag,
    'accept-ranges': 'bytes',
    'cache-control': 'private, no-cache',
    'content-disposition': attachment(name),
  });
  if (isUnchanged) return reply.code(304).send();
  if (range.kind === 'part') {
    reply.code(206).header('content-range', `bytes ${start}-${end - 1}/${sizeBytes}`);
  }
  return reply
    .type(contentType)
    .header('content-length', String(end - start))
    .send(body);
}

/** The name in plain letters for old programs, and as it is (RFC 6266, RFC 8187). */
export function attachment(name: string): string {
  const plain = name.normalize('NFKD').replace(/[^\x20-\x7e]|["\\%]/g, '_');
  const encoded = encodeURIComponent(name).replace(
    /['()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16)}`,
  );
  return `attachment; filename="${plain}"; filename*=UTF-8''${encoded}`;
}
