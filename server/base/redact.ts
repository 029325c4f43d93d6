/**
 * `rtsp://user:pass@host/x?password=p` becomes `rtsp://host/x?password=***`: for logs and API answers. Xiongmai cameras
 * have user and password in the path, as `/user=admin_password=p_channel=1_stream=0.sdp`.
 */
export function redactUrl(url: string): string {
  return url
    .replace(/^([a-z][a-z0-9+.-]*:\/\/)[^/?#]*@/i, '$1')
    .replace(/([?&](?:access_token|token|password|passwd|pwd|pass|auth|user|username)=)[^&#]*/gi, '$1***')
    .replace(
      /([/_;](?:token|password|passwd|pwd|pass|auth|user|username)=)(?:(?!_[a-z]+=)[^&#/?])*/gi,
      '$1***',
    );
}
