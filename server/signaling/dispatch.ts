import type { z } from 'zod';
import { ApiError } from '../../shared/errors.ts';
import { METHODS, type Method, type MethodResult, type Params } from '../../shared/signaling.ts';
import type { StreamStatus } from '../../shared/stream.ts';
import { describeIssues, inputIssues } from '../base/schema-issues.ts';
import type { CameraSession } from './camera-session.ts';
import type { StreamList, ViewerSession } from './ports.ts';

type Handlers = { readonly [M in Method]: (params: Params<M>) => Promise<MethodResult<M>> | MethodResult<M> };

/** A Map, so that no name of a request ever reaches what objects inherit. */
const KNOWN_METHODS: ReadonlyMap<string, Method> = new Map(
  (Object.keys(METHODS) as Method[]).map((method) => [method, method]),
);

/** Joins each method of the wire to what does it. */
export function handlersOf(viewer: ViewerSession, streams: StreamList, cameras: CameraSession): Handlers {
  return {
    'streams.list': () => ({ streams: streams.list().map(listed) }),
    'watch.start': (params) => viewer.startWatch(params),
    'watch.quality': (params) => viewer.setQuality(params).then(empty),
    'watch.resume': (params) => viewer.resumeWatch(params).then(empty),
    'watch.pause': (params) => viewer.pauseWatch(params).then(empty),
    'watch.stop': (params) => viewer.stopWatch(params).then(empty),
    'transport.connect': (params) => viewer.connectTransport(params).then(empty),
    'transport.restartIce': (params) => viewer.restartIce(params),
    'ptz.command': (params) => cameras.ptz(params).then(empty),
    'events.subscribe': (params) => cameras.subscribe(params),
    'events.unsubscribe': () => {
      cameras.unsubscribe();
      return {};
    },
  };
}

/** Runs one request. Rejects with METHOD_NOT_FOUND, with BAD_REQUEST naming the field, or as its handler does. */
export function dispatch(handlers: Handlers, name: string, params: unknown): Promise<unknown> {
  const method = KNOWN_METHODS.get(name);
  if (method === undefined) {
    const known = [...KNOWN_METHODS.keys()].join(', ');
    return Promise.reject(new ApiError('METHOD_NOT_FOUND', `There is no such method. There are: ${known}.`));
  }
  return run(handlers, method, params);
}

async function run<M extends Method>(handlers: Handlers, method: M, params: unknown): Promise<unknown> {
  // The table pairs each method with its own schema, which the compiler cannot follow through M.
  const schema = METHODS[method].params as unknown as z.ZodType<Params<M>>;
  const parsed = schema.safeParse(params ?? {});
  if (!parsed.success) {
    const issues = inputIssues(parsed.error);
    throw new ApiError('BAD_REQUEST', `${describeIssues(issues, 'params')}.`, { issues });
  }
  return handlers[method](parsed.data);
}

/** What a viewer is told of a stream: nothing of where it comes from. */
function listed(status: StreamStatus): MethodResult<'streams.list'>['streams'][number] {
  const {
    app,
    name,
    source: _source,
    record: _record,
    recorder: _recorder,
    readOnly: _readOnly,
    ...rest
  } = status;
  return { stream: `${app}/${name}`, ...rest };
}

function empty(): Record<string, never> {
  return {};
}
