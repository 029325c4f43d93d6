/**
 * How a mediasoup worker is made from the source in mediasoup's npm package with what Debian ships, without Meson and
 * without a download: which files, which flags, and the one line that has to be mended. Pure: no file is touched here.
 */
import { SetupError } from './setup-error.mjs';

/** Debian packages that the build needs. */
export const buildPackages = [
  'g++',
  'libuv1-dev',
  'libssl-dev',
  'libsrtp2-dev',
  'libabsl-dev',
  'libflatbuffers-dev',
  'flatbuffers-compiler',
];

/**
 * The same optimisation as mediasoup's own release build.
 * @param {'LE' | 'BE'} endianness
 * @returns {string[]}
 */
export function compileFlags(endianness) {
  return [
    '-std=c++20',
    '-O3',
    '-DNDEBUG',
    endianness === 'LE' ? '-DMS_LITTLE_ENDIAN' : '-DMS_BIG_ENDIAN',
    '-DMS_EXECUTABLE',
    '-DFLATBUFFERS_LOCALE_INDEPENDENT=1',
    '-w',
  ];
}

/** What the worker is linked with, in the order the linker wants. */
export const linkFlags = [
  '-luv',
  '-lssl',
  '-lcrypto',
  '-lsrtp2',
  '-labsl_bad_optional_access',
  '-labsl_strings',
  '-labsl_throw_delegate',
  '-labsl_raw_logging_internal',
  '-lpthread',
];

/** Flags of the schema compiler, those of mediasoup's own `fbs/meson.build`. */
export const flatcFlags = [
  '--cpp',
  '--cpp-field-case-style',
  'lower',
  '--reflect-names',
  '--scoped-enums',
  '--filename-suffix',
  '',
];

/** Sources that `meson.build` adds outside its main list. */
const extraSources = [
  'src/main.cpp',
  'src/DepLibWebRTC.cpp',
  'src/RTC/TransportCongestionControlClient.cpp',
  'src/RTC/TransportCongestionControlServer.cpp',
];

/**
 * @param {string} mesonText A `meson.build`.
 * @param {string} listName The name of a list of files in it.
 * @returns {string[]}
 */
export function readMesonList(mesonText, listName) {
  const start = new RegExp(`^${listName} = \\[\\n`, 'm').exec(mesonText);
  const end = start ? mesonText.indexOf('\n]', start.index) : -1;
  if (!start || end < 0) {
    throw new SetupError(
      `Set-up stopped: mediasoup's meson.build no longer holds the list "${listName}"; server/setup/worker-recipe.mjs has to follow.`,
    );
  }
  const body = mesonText.slice(start.index + start[0].length, end);
  return [...body.matchAll(/^\s*'([^']+)',?$/gm)].map((match) => String(match[1]));
}

/**
 * @param {{ workerMeson: string, libwebrtcMeson: string }} texts Contents of the two `meson.build` files.
 * @returns {string[]} Paths below the `worker` folder.
 */
export function listSources({ workerMeson, libwebrtcMeson }) {
  const common = readMesonList(workerMeson, 'common_sources');
  const libwebrtc = readMesonList(libwebrtcMeson, 'libwebrtc_sources').map(
    (path) => `deps/libwebrtc/${path}`,
  );
  return [...new Set([...common, ...extraSources, ...libwebrtc])];
}

/** The source file that {@link mendDtlsTransport} is for. */
export const dtlsTransportPath = 'src/RTC/DtlsTransport.cpp';

/** What {@link mendDtlsTransport} looks for and puts in its place. */
export const dtlsTransportMend = {
  from: '(operationType == BIO_CB_RETURN) ? static_cast<long>(ret) : 1;',
  to: '(operationType & BIO_CB_RETURN) ? static_cast<long>(ret) : 1;',
};

/**
 * OpenSSL marks the end of an operation by `BIO_CB_x | BIO_CB_RETURN`, which the worker's BIO callback compares with
 * `==`, so it answers 1 to every control call. An OpenSSL built with kernel TLS (Debian's is) then believes that the BIO
 * does TLS in the kernel and leaves its write buffer NULL: the worker dies at the first DTLS handshake.
 * @param {string} source The text of `DtlsTransport.cpp`.
 * @returns {string}
 * @throws {SetupError} When the line is not there exactly once, for then somebody has to look whether mediasoup has mended it.
 */
export function mendDtlsTransport(source) {
  const parts = source.split(dtlsTransportMend.from);
  if (parts.length !== 2) {
    throw new SetupError(
      `Set-up stopped: ${dtlsTransportPath} of this mediasoup does not hold the line that set-up mends:\n  ${dtlsTransportMend.from}\n` +
        'See whether its onSslBioOut now tests the BIO_CB_RETURN bit itself, and change server/setup/worker-recipe.mjs to match.',
    );
  }
  return parts.join(dtlsTransportMend.to);
}
