import { type ConnectionContext, sessionIdOf, sessionOf } from './context.ts';
import { type Exchange, refuse } from './exchange.ts';
import { describe, play, setupReader } from './play-requests.ts';
import { announce, record, setupPublisher } from './record-requests.ts';

type Handler = (context: ConnectionContext, exchange: Exchange) => void | Promise<void>;

const HANDLERS: ReadonlyMap<string, Handler> = new Map<string, Handler>([
  ['OPTIONS', options],
  ['DESCRIBE', describe],
  ['SETUP', setup],
  ['PLAY', (context, exchange) => playOrRefuse(context, exchange)],
  ['PAUSE', pause],
  ['ANNOUNCE', announce],
  ['RECORD', record],
  ['GET_PARAMETER', keepAlive],
  ['SET_PARAMETER', keepAlive],
  ['TEARDOWN', teardown],
]);

const METHODS = [...HANDLERS.keys()].join(', ');

/** Answers one request; a `Refusal` that is thrown is the answer. */
export async function handleRequest(context: ConnectionContext, exchange: Exchange): Promise<void> {
  const handler = HANDLERS.get(exchange.request.method);
  if (handler === undefined) {
    exchange.reply({ statusCode: 501, headers: [['Public', METHODS]] });
    return;
  }
  const required = exchange.request.headers.get('Require');
  if (required !== undefined) {
    exchange.reply({ statusCode: 551, headers: [['Unsupported', required]] });
    return;
  }
  const session = context.sessions.get(sessionIdOf(exchange) ?? '');
  if (session?.kind === 'reader') session.heard();
  await handler(context, exchange);
}

function options(_context: ConnectionContext, exchange: Exchange): void {
  exchange.reply({ statusCode: 200, headers: [['Public', METHODS]] });
}

async function setup(context: ConnectionContext, exchange: Exchange): Promise<void> {
  const announced = [...context.sessions.values()].find((session) => session.kind === 'publisher');
  if (announced?.kind === 'publisher') await setupPublisher(context, exchange, announced);
  else await setupReader(context, exchange);
}

async function playOrRefuse(context: ConnectionContext, exchange: Exchange): Promise<void> {
  const session = sessionOf(context, exchange);
  if (session.kind !== 'reader') throw refuse(455);
  await play(context, exchange, session);
}

function pause(context: ConnectionContext, exchange: Exchange): void {
  const session = sessionOf(context, exchange);
  session.pause();
  exchange.reply({ statusCode: 200, headers: [['Session', session.id]] });
}

/** Players send an empty GET_PARAMETER or SET_PARAMETER to keep their session. */
function keepAlive(context: ConnectionContext, exchange: Exchange): void {
  if (sessionIdOf(exchange) === undefined) {
    exchange.reply({ statusCode: 200 });
    return;
  }
  const session = sessionOf(context, exchange);
  exchange.reply({ statusCode: 200, headers: [['Session', session.id]] });
}

function teardown(context: ConnectionContext, exchange: Exchange): void {
  const session = sessionOf(context, exchange);
  context.sessions.delete(session.id);
  session.close();
  exchange.reply({ statusCode: 200, headers: [['Session', session.id]] });
}
