import { type Fault, failuresOf, type Result } from './fault.ts';
import type { FaultSite } from './site.ts';

export type RunResult =
  | { readonly fault: Fault; readonly result: Result; readonly failures: readonly string[] }
  | { readonly fault: Fault; readonly missing: string }
  | { readonly fault: Fault; readonly error: string };

/** Brings one fault about and looks at the untouched camera meanwhile. */
export async function runFault(site: FaultSite, fault: Fault): Promise<RunResult> {
  const missing = await fault.missing?.();
  if (missing !== undefined) return { fault, missing };
  site.beginWatch();
  try {
    const outcome = await fault.run(site);
    const result = { fault, outcome, others: site.others() };
    return { fault, result, failures: failuresOf(result) };
  } catch (failure) {
    return { fault, error: failure instanceof Error ? failure.message : String(failure) };
  }
}
