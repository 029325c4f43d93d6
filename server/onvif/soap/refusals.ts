import { OnvifError, type OnvifErrorContext } from '../errors.ts';
import { isUnsupportedFault, type SoapFault } from './envelope.ts';

/** An exchange with a device that came to no good; `peer` is its host and port. */
export interface FailedExchange {
  readonly peer: string;
  /** The ONVIF operation. */
  readonly action: string;
  /** HTTP status of the answer. */
  readonly status?: number;
}

export function noService({ peer, action }: FailedExchange, service: string): OnvifError {
  return new OnvifError('unsupported', `The camera at ${peer} has no ${service} service for ONVIF.`, {
    peer,
    action,
  });
}

export function tooSlowMessage({ peer, action }: FailedExchange, timeoutMs: number): string {
  return `The camera at ${peer} did not answer ${action} within ${Math.round(timeoutMs / 1000)} s. Check its network, or restart it.`;
}

export function faulty(exchange: FailedExchange, fault: SoapFault): OnvifError {
  const { peer, action } = exchange;
  const context: OnvifErrorContext = { ...exchange, faultCodes: fault.codes };
  const said = [fault.codes.at(-1), fault.reason].filter(Boolean).join(': ') || 'no reason given';
  if (isUnsupportedFault(fault)) {
    return new OnvifError('unsupported', `The camera at ${peer} cannot do ${action} (${said}).`, context);
  }
  return new OnvifError('refused', `The camera at ${peer} refuses ${action} (${said}).`, context);
}

/** An answer that is no SOAP; `problem` says what is wrong with it. */
export function notOnvif(
  exchange: FailedExchange,
  parts: { readonly service: string; readonly path: string; readonly problem: string },
): OnvifError {
  const { peer, status } = exchange;
  const what =
    status === 404
      ? `has no ${parts.service} service for ONVIF at ${parts.path}`
      : `does not answer as ONVIF has it (HTTP ${status}; ${parts.problem})`;
  const message = `The camera at ${peer} ${what}. Check address and port, and that ONVIF is switched on in its own settings.`;
  return new OnvifError('not-onvif', message, exchange);
}

export function notLoggedIn(
  exchange: FailedExchange,
  parts: { readonly hasCredentials: boolean; readonly hasLoggedIn: boolean },
): OnvifError {
  const { peer, action } = exchange;
  if (!parts.hasCredentials) {
    return new OnvifError('auth-failed', `The camera at ${peer} wants a user name and a password.`, exchange);
  }
  const message = parts.hasLoggedIn
    ? `The camera at ${peer} refuses ${action} to this user: its password was changed, or it may not do that. Check the user in the camera's own settings.`
    : `The camera at ${peer} does not take this user name and password. Many cameras have users for ONVIF of their own: look for "ONVIF user" in the camera's own settings. After a few wrong tries a camera may refuse for some minutes.`;
  return new OnvifError('auth-failed', message, exchange);
}

export function tooManyLogins(exchange: FailedExchange): OnvifError {
  return new OnvifError(
    'auth-failed',
    `The camera at ${exchange.peer} asks for one log-in after another.`,
    exchange,
  );
}
