import { beforeEach, describe, expect, it } from 'vitest';
import { LoginHistories } from '../../server/base/login-histories.ts';
import { FakeClock } from '../support/fake-clock.ts';

const LOGIN = { username: 'admin', password: 'wrong' };
const DOORS = ['rtsp 554', 'onvif questions', 'onvif pictures'];
const HALF_AN_HOUR_MS = 30 * 60_000;

describe('log-ins at devices', () => {
  let clock: FakeClock;
  let histories: LoginHistories;
  beforeEach(() => {
    clock = new FakeClock();
    histories = new LoginHistories(clock);
  });
  const at = (door: string, host = '10.0.0.5') => histories.of(host, LOGIN, door);
  /** Tries it wherever it may be tried; gives how often that was. */
  const tryAll = () => {
    let tried = 0;
    for (const door of DOORS) {
      if (at(door).standing() !== undefined) continue;
      at(door).refused('It does not take this password.');
      tried += 1;
    }
    return tried;
  };

  it('cost a device few wrong ones in half an hour, over all that it is asked by', () => {
    let wrong = 0;
    for (let passedMs = 0; passedMs < HALF_AN_HOUR_MS; passedMs += 5_000) {
      wrong += tryAll();
      clock.advance(5_000);
    }
    expect(wrong).toBeGreaterThan(3);
    expect(wrong).toBeLessThanOrEqual(5);
  });

  it('that were right cost as few once the password is changed', () => {
    for (const door of DOORS) at(door).proven();
    let wrong = 0;
    for (let passedMs = 0; passedMs < HALF_AN_HOUR_MS; passedMs += 20_000) {
      wrong += tryAll();
      clock.advance(20_000);
    }
    expect(wrong).toBeGreaterThanOrEqual(3);
    expect(wrong).toBeLessThanOrEqual(5);
  });

  it('that one door refuses are tried at one that never was, and go on where they were let in', () => {
    at('onvif questions').refused('no');
    expect(at('rtsp 554').standing()).toBeUndefined();
    at('rtsp 554').hold();
    for (let times = 0; times < 10; times++) at('onvif questions').refused('no');
    expect(at('rtsp 554').standing()).toBeUndefined();
    expect(at('onvif questions').standing()).toMatch(/^no So that it locks nobody out.* for 900 s/);
  });

  it('that are refused to one channel count for no other as long as one plays, and for all soon after', () => {
    const history = at('rtsp 554');
    const end = history.hold();
    for (let times = 0; times < 10; times++) history.refused('no');
    expect(history.standing()).toBeUndefined();
    end();
    end();
    history.proven();
    history.refused('no');
    history.refused('no');
    expect(history.standing()).toBeUndefined();
    history.refused('no');
    expect([history.standing() !== undefined, history.isProven]).toEqual([true, false]);
  });

  it('are tried at once after somebody asked for it, with another password, and at another device', () => {
    expect(tryAll()).toBe(3);
    expect(tryAll()).toBe(0);
    expect(at('rtsp 554', '10.0.0.6').standing()).toBeUndefined();
    expect(histories.of('10.0.0.5', { ...LOGIN, password: 'b' }, 'rtsp 554').standing()).toBeUndefined();
    histories.forgive({ url: 'onvif://10.0.0.5:8000', ...LOGIN });
    expect(tryAll()).toBe(3);
    histories.forgive({ url: 'publish:' });
    expect(tryAll()).toBe(0);
  });

  it('are tried by who waits for the answer each 30 s, by the rest ever later', () => {
    const history = at('onvif questions');
    history.refused('no');
    clock.advance(31_000);
    history.refused('no');
    clock.advance(31_000);
    expect([history.standing(true), history.standing() !== undefined]).toEqual([undefined, true]);
    clock.advance(90_000);
    expect(history.standing()).toBeUndefined();
  });

  it('of one device have one history, however its address is written', () => {
    const upper = histories.of('[FE80::1]', LOGIN, 'rtsp ');
    expect(histories.of('fe80::1', LOGIN, 'rtsp ')).toBe(upper);
  });

  it('of a device that names another port each time are not remembered for ever, but those of doors in use', () => {
    const ours = at('onvif questions');
    const first = at('rtsp 1');
    for (let port = 2; port < 200; port++) {
      at(`rtsp ${port}`);
      expect(at('onvif questions')).toBe(ours);
    }
    expect(at('rtsp 1')).not.toBe(first);
  });
});
