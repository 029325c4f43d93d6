import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  authorizationFor,
  authorize,
  buildChallenges,
  chooseChallenge,
  parseAuthorization,
  parseChallenges,
  verifyAuthorization,
} from '../../../server/rtsp/parse/index.ts';

const mufasa = {
  method: 'GET',
  uri: '/dir/index.html',
  username: 'Mufasa',
  nc: 1,
} as const;
const request = {
  method: 'DESCRIBE',
  uri: 'rtsp://10.0.0.5/s1',
  username: 'admin',
  password: 'p"\\ä:x',
  nc: 2,
  cnonce: 'c0ffee',
} as const;

/** The examples printed in RFC 7616 section 3.9.1 and RFC 2617 section 3.5. */
describe('Digest as in the RFCs', () => {
  const rfc7616 = (algorithm: string): string =>
    `Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm=${algorithm}, nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"`;
  const cnonce = 'f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ';

  test.each([
    ['MD5', '8ca523f5e9506fed4657c9700eebdbec'],
    ['SHA-256', '753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1'],
  ])('%s', (algorithm, response) => {
    const challenges = parseChallenges([rfc7616(algorithm)]);
    const header = authorize(challenges, { ...mufasa, password: 'Circle of Life', cnonce });
    expect(header).toContain(`response="${response}"`);
    expect(header).toContain('qop=auth, nc=00000001');
    expect(header).toContain('opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"');
  });

  test('SHA-512-256: the hash that FIPS 180-4 section 6.7 defines, not a cut-off SHA-512 as in the printed example', () => {
    const [challenge] = parseChallenges([rfc7616('SHA-512-256')]);
    expect(challenge).toMatchObject({ algorithm: 'SHA-512-256', qop: 'auth' });
    const header = authorize(
      [challenge].flatMap((one) => one ?? []),
      { ...request, password: 'p' },
    );
    const hash = (text: string): string => createHash('sha512-256').update(text).digest('hex');
    const secret = hash('admin:http-auth@example.org:p');
    const nonce = '7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v';
    const response = hash(`${secret}:${nonce}:00000002:c0ffee:auth:${hash('DESCRIBE:rtsp://10.0.0.5/s1')}`);
    expect(header).toContain(`response="${response}"`);
    expect(header).toContain('algorithm=SHA-512-256');
  });

  test('MD5 of RFC 2617', () => {
    const challenge =
      'Digest realm="testrealm@host.com", qop="auth,auth-int", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", opaque="5ccc069c403ebaf9f0171e9517f40e41"';
    const header = authorize(parseChallenges([challenge]), {
      ...mufasa,
      password: 'Circle Of Life',
      cnonce: '0a4f113b',
    });
    expect(header).toContain('response="6629fae49393a05397450978507c4ef1"');
    expect(header).not.toContain('algorithm');
  });

  test('auth-int where a camera offers nothing else: the hash of the body, which is empty, goes in', () => {
    const challenges = parseChallenges(['Digest realm="r", nonce="n", qop="auth-int"']);
    const header = authorize(challenges, { ...request, password: 'p' });
    const md5 = (text: string): string => createHash('md5').update(text).digest('hex');
    const asked = md5(`DESCRIBE:rtsp://10.0.0.5/s1:${md5('')}`);
    const response = md5(`${md5('admin:r:p')}:n:00000002:c0ffee:auth-int:${asked}`);
    expect(header).toContain(`response="${response}", qop=auth-int, nc=00000002, cnonce="c0ffee"`);
  });

  test('without qop, the form of RFC 2069 that most cameras use', () => {
    const header = authorize(parseChallenges(['Digest realm="r", nonce="n"']), { ...request, password: 'p' });
    const md5 = (text: string): string => createHash('md5').update(text).digest('hex');
    const response = md5(`${md5('admin:r:p')}:n:${md5('DESCRIBE:rtsp://10.0.0.5/s1')}`);
    expect(header).toBe(
      `Digest username="admin", realm="r", nonce="n", uri="rtsp://10.0.0.5/s1", response="${response}"`,
    );
  });
});

describe('challenges', () => {
  test('of one field and of several; SHA-256 is preferred, then MD5, then Basic', () => {
    const one = parseChallenges([
      'Basic realm="cam", Digest realm="cam", nonce="n1", algorithm=MD5, stale=FALSE',
    ]);
    expect(one.map((challenge) => challenge.scheme)).toEqual(['basic', 'digest']);
    expect(chooseChallenge(one)).toMatchObject({ scheme: 'digest', nonce: 'n1', stale: false });
    const several = parseChallenges([
      'Digest realm="cam", nonce="n1"',
      'Basic realm="cam"',
      'Digest realm="cam",nonce="n2",algorithm="SHA-256",stale="true"',
    ]);
    expect(chooseChallenge(several)).toMatchObject({ algorithm: 'SHA-256', nonce: 'n2', stale: true });
  });

  test('what cannot be answered is left out', () => {
    expect(
      parseChallenges([
        'Negotiate abc==',
        'Digest realm="r"',
        'Digest realm="r", nonce="n", algorithm=SHA-384',
        'Digest realm="r", nonce="n", qop="auth-conf"',
        '',
        '"',
      ]),
    ).toEqual([]);
    expect(authorize([], request)).toBeUndefined();
  });

  test('an algorithm without a name is MD5', () => {
    expect(parseChallenges(['Digest realm="r", nonce="n", algorithm=""'])).toMatchObject([
      { algorithm: 'MD5' },
    ]);
  });

  test('quotes in a realm come back as they were', () => {
    const [challenge] = parseChallenges(['Digest realm="the \\"cam\\"", nonce="n"']);
    expect(challenge).toMatchObject({ realm: 'the "cam"' });
    expect(authorize(challenge ? [challenge] : [], request)).toContain('realm="the \\"cam\\""');
  });
});

describe('the server side', () => {
  const expected = { ...request, realm: 'Sluice' };

  test.each([
    ['SHA-256', { algorithms: ['SHA-256'] }],
    ['MD5', { algorithms: ['MD5'] }],
    ['Basic', { algorithms: [], basic: true }],
  ] as const)('knows its client again: %s', (_name, options) => {
    const [challenge] = parseChallenges(buildChallenges({ realm: 'Sluice', nonce: 'n', ...options }));
    if (challenge === undefined) throw new Error('no challenge');
    const shown = parseAuthorization(authorizationFor(challenge, request));
    if (shown === undefined) throw new Error('no authorization');
    expect(verifyAuthorization(shown, expected)).toBe(true);
    expect(verifyAuthorization(shown, { ...expected, password: 'other' })).toBe(false);
    expect(verifyAuthorization(shown, { ...expected, username: 'other' })).toBe(false);
    const byDigest = shown.scheme === 'digest';
    expect(verifyAuthorization(shown, { ...expected, method: 'SETUP' })).toBe(!byDigest);
    expect(verifyAuthorization(shown, { ...expected, uri: 'rtsp://10.0.0.5/s2' })).toBe(!byDigest);
    expect(verifyAuthorization(shown, { ...expected, uri: 'rtsp://10.0.0.5/s1/trackID=0' })).toBe(true);
  });

  test.each(['MD5-sess', 'SHA-256-sess'])('verifies %s, with qop and without', (algorithm) => {
    for (const qop of ['', ', qop="auth"']) {
      const challenges = parseChallenges([`Digest realm="Sluice", nonce="n", algorithm=${algorithm}${qop}`]);
      const shown = parseAuthorization(authorize(challenges, request) ?? '');
      expect(shown).toMatchObject({ scheme: 'digest', algorithm });
      expect(shown !== undefined && verifyAuthorization(shown, expected)).toBe(true);
    }
  });

  test('refuses what is no authorization', () => {
    for (const value of [
      '',
      'Basic',
      'Basic YWRtaW4=',
      'Digest username="a"',
      'Bearer x',
      'Digest qop=auth',
    ]) {
      expect(parseAuthorization(value)).toBeUndefined();
    }
  });

  test('any name and password survive the way', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'grapheme' }), (username, password) => {
        const challenges = parseChallenges(buildChallenges({ realm: 'Sluice', nonce: 'n' }));
        const shown = parseAuthorization(authorize(challenges, { ...request, username, password }) ?? '');
        expect(shown !== undefined && verifyAuthorization(shown, { ...expected, username, password })).toBe(
          true,
        );
      }),
    );
  });

  test('nothing throws on any text', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc
        .array(fc.constantFrom('Digest ', 'Basic ', 'nonce', 'realm', '=', '"', '\\', ',', ' ', 'a'))
        .map((parts) => parts.join('')),
    );
    fc.assert(
      fc.property(text, (value) => {
        authorize(parseChallenges([value, value]), request);
        const shown = parseAuthorization(value);
        if (shown !== undefined) verifyAuthorization(shown, expected);
      }),
    );
  });
});
