/**
 * The demo camera's picture and sound as FFmpeg filter graphs for its lavfi input. Everything that stands
 * still is drawn once and repeated (`loop`), which costs a quarter of drawing it for each frame.
 */

const BACKGROUND = [
  'gradients=s=1280x720:r=25:n=2:c0=0x0b132b:c1=0x1c4e80:x0=0:y0=0:x1=1280:y1=720',
  'trim=end_frame=1',
  'format=yuv420p',
  'drawgrid=w=80:h=80:t=1:c=0x24507f',
  'loop=loop=-1:size=1',
  'settb=1/25',
  'setpts=N',
].join(',');

/** A text that the lavfi input takes as it stands: colons inside a filter's value are escaped twice. */
const CLOCK_TEXT = String.raw`%{localtime\:%H\\\:%M\\\:%S}`;
const CAPTION_TEXT = String.raw`Sluice demo camera  %{localtime\:%Y-%m-%d}  frame %{n}`;

const PICTURE = [
  `${BACKGROUND}[background]`,
  'color=c=0xfca311:s=96x96:r=25,format=yuv420p[square]',
  'color=c=0x2ec4b6:s=160x12:r=25,format=yuv420p[bar]',
  "[background][bar]overlay=x='mod(t*720,1440)-160':y=640[withBar]",
  "[withBar][square]overlay=x='592+520*sin(t*1.1)':y='128+70*cos(t*2.2)'[moving]",
  `[moving]drawtext=font=monospace:text='${CLOCK_TEXT}':fontsize=150:fontcolor=white:x=(w-tw)/2:y=290,` +
    `drawtext=font=monospace:text='${CAPTION_TEXT}':fontsize=32:fontcolor=0xe5e5e5:x=(w-tw)/2:y=470[out0]`,
];

/** For an FFmpeg that cannot draw text, or a machine without a font: the test picture has a counter of its own. */
const PLAIN_PICTURE = ['testsrc2=s=1280x720:r=25,format=yuv420p[out0]'];

/** A soft blip each second, higher at every fifth. */
const SOUND =
  "aevalsrc='0.08*sin(2*PI*(440+220*not(mod(floor(t),5)))*t)*exp(-9*mod(t,1))':s=48000:c=mono[out1]";

export function demoGraph(options: { withText: boolean }): string {
  return [...(options.withText ? PICTURE : PLAIN_PICTURE), SOUND].join(';');
}
