/** `rtsp://user:pass@host/x?password=p` becomes `rtsp://host/x?password=***`: for logs and API answers. */
export function redactUrl(url: string): string {
  return url
    .replace(/^([a-z][a-z0-9+.-]*:\/\/)[^/?#]*@/i, '$1')
    .replace(/([?&](?:access_token|token|password|passwd|pwd|pass|auth|user|username)=)[^&#]*/gi, '$1***');
}
