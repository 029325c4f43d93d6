import { z } from 'zod';
import {
  type Layout,
  type LayoutPatch,
  layoutListSchema,
  layoutSchema,
  type NewLayout,
} from '../../../../shared/layouts.ts';
import { ok, type Result } from '../../../../shared/result.ts';
import { call, type Failure } from '../api/call.ts';

/** By title. */
export async function listLayouts(): Promise<Result<readonly Layout[], Failure>> {
  const answer = await call('GET', 'api/v1/layouts', layoutListSchema);
  return answer.ok ? ok(answer.value.layouts) : answer;
}

export function createLayout(layout: NewLayout): Promise<Result<Layout, Failure>> {
  return call('POST', 'api/v1/layouts', layoutSchema, layout);
}

export function changeLayout(id: string, patch: LayoutPatch): Promise<Result<Layout, Failure>> {
  return call('PATCH', layoutPath(id), layoutSchema, patch);
}

export function removeLayout(id: string): Promise<Result<unknown, Failure>> {
  return call('DELETE', layoutPath(id), z.unknown());
}

function layoutPath(id: string): string {
  return `api/v1/layouts/${encodeURIComponent(id)}`;
}
