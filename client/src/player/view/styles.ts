/**
 * The player's looks, as a constructable sheet: no inline style, so that `style-src 'self'` holds. Pages may set
 * the custom properties that begin with `--sluice-`.
 */
export const PLAYER_CSS = `
:host {
  --accent: var(--sluice-accent, #3ddc97);
  display: block;
  position: relative;
  aspect-ratio: 16 / 9;
  min-width: 0;
  overflow: hidden;
  border-radius: var(--sluice-radius, 0);
  background: var(--sluice-background, #0b0f12);
  color: #f3f6f7;
  font: 500 14px/1.4 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif;
  -webkit-tap-highlight-color: transparent;
}
:host([hidden]) { display: none; }
:host(:fullscreen) { border-radius: 0; }
* { box-sizing: border-box; }
fieldset { margin: 0; padding: 0; border: 0; min-inline-size: 0; }
.screen { position: absolute; inset: 0; }
.frame { position: absolute; inset: 0; container-type: size; outline: none; }
.frame:focus-visible { box-shadow: inset 0 0 0 3px var(--accent); }
video, .still { position: absolute; inset: 0; width: 100%; height: 100%; object-fit: contain; }
.frame:focus-visible video { padding: 3px; }
[hidden] { display: none !important; }
.icon {
  width: 22px; height: 22px; fill: none; stroke: currentColor; stroke-width: 1.8;
  stroke-linecap: round; stroke-linejoin: round;
}
button {
  display: inline-grid; place-items: center; margin: 0; padding: 0; border: 0;
  color: inherit; background: none; font: inherit; cursor: pointer;
}
button:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
.overlay {
  position: absolute; inset: 0; display: grid; place-content: center; justify-items: center; gap: 6px;
  padding: 16px; text-align: center; pointer-events: none;
  background: radial-gradient(circle at 50% 45%, #1a2228 0, #0b0f12 75%);
  animation: appear .25s .35s both;
}
.overlay.over-picture { background: rgb(6 9 11 / 62%); }
.overlay .title { font-size: 15px; font-weight: 600; letter-spacing: .01em; }
.overlay .detail {
  max-width: 44ch; color: #b6c2c8; font-weight: 400; font-size: 13px; text-wrap: balance;
  overflow-wrap: anywhere;
}
.overlay .words { display: grid; gap: 6px; justify-items: center; }
.overlay .ways { display: flex; flex-wrap: wrap; justify-content: center; gap: 8px; margin-top: 8px; pointer-events: auto; }
.overlay .ways button {
  min-height: 36px; padding: 0 16px; border-radius: 99px; background: rgb(255 255 255 / 14%); font-size: 13px; font-weight: 600;
}
.overlay .ways button:hover { background: rgb(255 255 255 / 26%); }
.overlay .mark { height: 30px; margin-bottom: 4px; }
.overlay .mark .icon { width: 30px; height: 30px; color: #93a4ad; }
.spinner {
  width: 26px; height: 26px; border-radius: 50%; border: 2.5px solid rgb(255 255 255 / 18%);
  border-top-color: var(--accent); animation: turn .9s linear infinite;
}
.start {
  position: absolute; left: 50%; top: 50%; width: 64px; height: 64px; margin: -32px 0 0 -32px;
  border-radius: 50%; background: rgb(11 15 18 / 72%); box-shadow: 0 0 0 1px rgb(255 255 255 / 22%);
  transition: background .15s, transform .15s;
}
.start:hover { background: rgb(11 15 18 / 92%); transform: scale(1.05); }
.start .icon { width: 28px; height: 28px; fill: currentColor; stroke-width: 0; margin-left: 3px; }
.unmute {
  position: absolute; left: 12px; top: 12px; display: inline-flex; align-items: center; gap: 8px;
  padding: 7px 12px 7px 9px; border-radius: 99px; background: rgb(11 15 18 / 78%);
  box-shadow: 0 0 0 1px rgb(255 255 255 / 20%); font-size: 13px;
}
.unmute:hover { background: rgb(11 15 18 / 95%); }
.unmute .icon { width: 18px; height: 18px; }
.note {
  position: absolute; right: 12px; top: 12px; max-width: calc(100% - 24px); padding: 5px 11px; border-radius: 99px;
  background: rgb(11 15 18 / 72%); color: #ffd58a; font-size: 12px; overflow: hidden; text-overflow: ellipsis;
  white-space: nowrap;
}
.note[hidden] { display: none; }
.controls {
  position: absolute; inset: auto 0 0 0; display: flex; align-items: center; gap: 2px; flex-wrap: wrap;
  padding: 30px 8px 6px; background: linear-gradient(transparent, rgb(6 9 11 / 60%) 34px, rgb(6 9 11 / 86%));
  opacity: 0; transition: opacity .18s;
}
.frame.active .controls, .frame.menu-open .controls, .frame:has(.controls :focus-visible) .controls { opacity: 1; }
@media (hover: hover) {
  .controls:hover { opacity: 1; }
}
@media (hover: none) {
  /* A first touch shows them; what nobody sees is not to be pressed. */
  .frame:not(.active, .menu-open, :has(:focus-visible)) .controls { pointer-events: none; }
}
:host(:fullscreen) .frame:not(.active, .menu-open, :has(.controls:hover)) { cursor: none; }
.controls button { width: 40px; height: 40px; border-radius: 8px; }
.controls button:hover, .controls .speed:hover { background: rgb(255 255 255 / 14%); }
.controls .icon { filter: drop-shadow(0 0 2px rgb(0 0 0 / 55%)); }
.controls .more .icon { stroke-width: 3; }
.live-button .short { display: none; }
.speed {
  height: 40px; margin: 0; padding: 0 6px; border: 0; border-radius: 8px; appearance: none; -webkit-appearance: none;
  background: none; color: inherit; font: 650 13px/1 system-ui, sans-serif; font-variant-numeric: tabular-nums;
  text-align: center; text-align-last: center; cursor: pointer;
}
.speed:focus-visible { outline: 2px solid var(--accent); outline-offset: -2px; }
.speed option { background: #151b20; color: #f3f6f7; }
.menu {
  position: absolute; right: 8px; bottom: 54px; display: grid; gap: 2px; min-width: 190px; max-width: calc(100% - 16px);
  max-height: calc(100% - 62px); overflow: auto; padding: 6px; border-radius: 12px; background: rgb(13 18 22 / 96%);
  box-shadow: 0 0 0 1px rgb(255 255 255 / 14%), 0 8px 28px rgb(0 0 0 / 45%);
}
.recorded .menu { bottom: 80px; max-height: calc(100% - 88px); }
.menu button { min-height: 40px; border-radius: 8px; }
.menu button:hover { background: rgb(255 255 255 / 12%); }
.menu .item { display: flex; align-items: center; gap: 11px; padding: 0 12px 0 9px; text-align: left; }
.menu .pair { display: grid; grid-template-columns: 1fr 1fr; gap: 2px; }
.choices { display: grid; grid-auto-flow: column; grid-auto-columns: 1fr; gap: 2px; }
.choices button { padding: 0 10px; font-size: 13px; }
.choices button[aria-pressed="true"] { background: rgb(255 255 255 / 18%); font-weight: 650; }
.stats, .help {
  position: absolute; border-radius: 10px; background: rgb(8 12 15 / 86%); font-size: 12px; color: #f3f6f7;
  font-variant-numeric: tabular-nums;
}
.stats { left: 10px; top: 10px; max-width: calc(100% - 20px); max-height: calc(100% - 20px); overflow: auto; padding: 8px 12px; }
.stats > button { float: right; width: 32px; height: 32px; margin: -4px -8px 0 8px; border-radius: 8px; }
.stats .icon, .help .icon { width: 16px; height: 16px; }
.stats dl, .help dl { margin: 0; display: grid; gap: 1px; }
.stats dl > div { display: grid; grid-template-columns: 92px minmax(0, 1fr); gap: 8px; }
.stats dt { color: #aebac1; }
.stats dd, .help dd { margin: 0; overflow-wrap: anywhere; }
.help {
  inset: 0; width: min(340px, calc(100% - 24px)); max-height: calc(100% - 24px); height: fit-content; margin: auto; padding: 10px 14px 12px;
  border: 0; overflow: auto; background: rgb(13 18 22 / 96%); font-size: 13px; box-shadow: 0 0 0 1px rgb(255 255 255 / 14%);
}
.help header { display: flex; align-items: center; justify-content: space-between; margin-bottom: 4px; font-size: 14px; }
.help header button { width: 36px; height: 36px; margin-right: -8px; border-radius: 8px; }
.help header button:hover, .stats > button:hover { background: rgb(255 255 255 / 14%); }
.help dl > div { display: grid; grid-template-columns: 108px minmax(0, 1fr); gap: 8px; align-items: baseline; padding: 2px 0; }
.help dt { display: flex; gap: 4px; flex-wrap: wrap; }
.help kbd {
  min-width: 22px; padding: 1px 6px; border-radius: 5px; background: rgb(255 255 255 / 14%); font: 600 12px/1.5 system-ui, sans-serif;
  text-align: center; white-space: nowrap;
}
.badge {
  display: inline-flex; align-items: center; gap: 7px; margin: 0 auto 0 6px; font-size: 12px;
  font-weight: 650; letter-spacing: .08em; color: #e6ecef; text-shadow: 0 0 3px rgb(0 0 0 / 70%);
}
.badge::before { content: ""; width: 8px; height: 8px; border-radius: 50%; background: #8b989f; }
.badge.live::before { background: var(--accent); box-shadow: 0 0 0 3px rgb(61 220 151 / 22%); }
.badge:empty { visibility: hidden; }
.start.again .icon { fill: none; stroke-width: 1.8; margin: 0; }
.recorded .badge { letter-spacing: .01em; font-variant-numeric: tabular-nums; white-space: nowrap; }
.recorded .badge::before { display: none; }
.controls .live-button {
  width: auto; height: 30px; padding: 0 12px 0 10px; display: inline-flex; align-items: center; gap: 7px;
  border-radius: 99px; background: rgb(255 255 255 / 12%); font-size: 12px; font-weight: 650;
}
.controls .live-button:hover { background: rgb(255 255 255 / 24%); }
.live-button::before { content: ""; width: 8px; height: 8px; border-radius: 50%; background: var(--accent); }
.seek { position: relative; flex: 1 0 calc(100% - 12px); min-width: 0; height: 24px; margin: 0 6px; }
.seek input {
  appearance: none; -webkit-appearance: none; width: 100%; height: 24px; margin: 0; background: none; cursor: pointer;
}
.seek input:disabled { opacity: .4; cursor: default; }
.seek input:focus-visible { outline: 2px solid var(--accent); outline-offset: -2px; border-radius: 6px; }
.seek input::-webkit-slider-runnable-track {
  height: 4px; border-radius: 2px;
  background: linear-gradient(to right, var(--accent) var(--played, 0%), rgb(255 255 255 / 30%) 0);
}
.seek input::-moz-range-track { height: 4px; border-radius: 2px; background: rgb(255 255 255 / 30%); }
.seek input::-moz-range-progress { height: 4px; border-radius: 2px; background: var(--accent); }
.seek input::-webkit-slider-thumb {
  -webkit-appearance: none; width: 14px; height: 14px; margin-top: -5px; border-radius: 50%; background: #fff;
}
.seek input::-moz-range-thumb { width: 14px; height: 14px; border: 0; border-radius: 50%; background: #fff; }
.bubble {
  position: absolute; bottom: 26px; left: clamp(70px, var(--pointed, 0%), calc(100% - 70px));
  translate: -50%; padding: 3px 8px; border-radius: 6px; background: rgb(6 9 11 / 88%); font-size: 12px;
  font-variant-numeric: tabular-nums; white-space: nowrap; pointer-events: none;
}
@container (max-width: 520px) {
  .controls .wide { display: none; }
  .recorded .badge { order: -1; flex: 1 0 100%; justify-content: center; margin: 0; }
}
@container (max-width: 430px) {
  .controls { gap: 0; padding-inline: 2px; justify-content: space-between; }
  .controls .badge.live, .frame:not(.recorded) .badge { margin-right: auto; }
  .controls .speed { padding: 0 3px; }
  .controls .live-button { padding: 0 9px; }
  .live-button .long { display: none; }
  .live-button .short { display: inline; }
}
@container (max-width: 330px) {
  .controls .skip { display: none; }
}
@container (max-height: 260px) {
  /* What covers the picture stays clear of the controls, which lie over it. */
  .overlay { place-content: start center; padding: 10px 12px 0; gap: 4px; }
  .overlay .mark:not(:has(.spinner)) { display: none; }
  .overlay .detail { font-size: 12px; display: -webkit-box; -webkit-box-orient: vertical; -webkit-line-clamp: 2; overflow: hidden; }
  .recorded .overlay .detail { -webkit-line-clamp: 1; }
  .overlay .ways { margin-top: 2px; }
  .stats { top: 6px; max-height: calc(100% - 92px); }
  .recorded .stats { max-height: calc(100% - 112px); }
  .menu, .recorded .menu { inset: 6px 6px auto auto; bottom: auto; max-height: calc(100% - 12px); }
}
@media (pointer: coarse) {
  .controls button, .speed, .menu button, .stats > button, .help header button { min-height: 44px; }
  .controls button { min-width: 42px; }
  .controls .live-button { min-height: 36px; }
  .seek, .seek input { height: 32px; }
}
@container (max-width: 300px) or (max-height: 170px) {
  .overlay { gap: 3px; padding: 8px; }
  .overlay .title { font-size: 13px; }
  .overlay .detail { font-size: 11.5px; display: -webkit-box; -webkit-box-orient: vertical; -webkit-line-clamp: 2; overflow: hidden; }
  .overlay .mark { height: 22px; margin: 0; }
  .overlay .mark .icon, .spinner { width: 20px; height: 20px; }
  .start { scale: .75; }
}
@keyframes turn { to { transform: rotate(1turn); } }
@keyframes appear { from { opacity: 0; } }
@media (prefers-reduced-motion: reduce) {
  .spinner { animation-duration: 3s; }
  .overlay, .controls, .start { animation: none; transition: none; }
}
@media (forced-colors: active) {
  .controls, .menu, .stats, .help, .overlay { background: Canvas; }
  .icon { stroke: ButtonText; }
}
`;
