import type { FuzzTarget } from '../support/target.ts';
import { apiBodies, cameraLists } from './api-bodies.ts';
import { discovery } from './discovery.ts';
import { fields } from './fields.ts';
import { onvifReply } from './onvif-reply.ts';
import { parameterSets } from './parameter-sets.ts';
import { h264, h265, sound } from './payloads.ts';
import { receiver } from './receiver.ts';
import { rtcp } from './rtcp.ts';
import { rtspBytes } from './rtsp-bytes.ts';
import { sdp } from './sdp.ts';

/** All that is fed with changed inputs, a million of them in a full run. */
export const fuzzTargets: readonly FuzzTarget<unknown>[] = [
  rtspBytes,
  fields,
  sdp,
  rtcp,
  h264,
  h265,
  sound,
  parameterSets,
  receiver,
  onvifReply,
  discovery,
  apiBodies,
  cameraLists,
] as readonly FuzzTarget<unknown>[];
