/** What the cameras of the screenshots see: drawn, so that there is nobody in it and nothing to ask for. 1280x720. */
export interface Scene {
  readonly name: string;
  readonly title: string;
  /** What stands still. */
  readonly back: string;
  /** What moves, drawn at 0, 0, and where it is at `t` seconds (FFmpeg's overlay expressions). */
  readonly front: { readonly svg: string; readonly width: number; readonly height: number };
  readonly x: string;
  readonly y: string;
}

/** Everything moves as it did before after so many seconds. */
export const SCENE_SECONDS = 12;
const TURN = `(2*PI*t/${SCENE_SECONDS})`;

const sky = (top: string, bottom: string) =>
  `<defs><linearGradient id="sky" x2="0" y2="1"><stop stop-color="${top}"/><stop offset="1" stop-color="${bottom}"/></linearGradient></defs>
  <rect width="1280" height="720" fill="url(#sky)"/>`;
const tree = (x: number, y: number, size: number) =>
  `<rect x="${x - size / 10}" y="${y - size}" width="${size / 5}" height="${size}" fill="#5d4a3b"/>
  <circle cx="${x}" cy="${y - size * 1.3}" r="${size * 0.62}" fill="#3f6b4a"/>`;
const person = (coat: string) =>
  `<circle cx="40" cy="26" r="24" fill="#d9a982"/><rect x="12" y="54" width="56" height="104" rx="24" fill="${coat}"/>
  <rect x="18" y="140" width="20" height="90" fill="#2f3a46"/><rect x="42" y="140" width="20" height="90" fill="#2f3a46"/>`;
const car = (paint: string) =>
  `<path d="M60 50 L110 6 H230 L290 50 Z" fill="#9fb6c4"/><rect y="48" width="350" height="66" rx="22" fill="${paint}"/>
  <circle cx="80" cy="112" r="32" fill="#22272d"/><circle cx="270" cy="112" r="32" fill="#22272d"/>`;

export const scenes: readonly Scene[] = [
  {
    name: 'front-door',
    title: 'Front door',
    back: `<rect width="1280" height="720" fill="#c9b79f"/><rect y="560" width="1280" height="160" fill="#8d8478"/>
      <rect x="480" y="130" width="300" height="450" fill="#35505e"/><rect x="515" y="170" width="230" height="130" fill="#a9c3cf"/>
      <circle cx="745" cy="380" r="14" fill="#d8c06a"/><rect x="430" y="575" width="400" height="40" fill="#6e675d"/>
      <rect x="900" y="180" width="230" height="220" fill="#7f9aa8" stroke="#efe6d8" stroke-width="18"/>
      <rect x="150" y="440" width="110" height="140" fill="#a5603f"/><circle cx="205" cy="400" r="80" fill="#4c7a4f"/>`,
    front: { svg: person('#b4493f'), width: 80, height: 230 },
    x: `600-460*cos${TURN}`,
    y: '420',
  },
  {
    name: 'yard',
    title: 'Back yard',
    back: `${sky('#8fb7d6', '#dbe8ee')}<rect y="400" width="1280" height="320" fill="#7fa067"/>
      <rect y="300" width="1280" height="120" fill="#a58a68"/>${tree(260, 470, 190)}${tree(1050, 440, 150)}
      <rect x="520" y="240" width="260" height="220" fill="#8a5d47"/><path d="M490 250 L650 130 L810 250 Z" fill="#59453b"/>`,
    front: {
      svg: '<ellipse cx="70" cy="50" rx="60" ry="28" fill="#6b5138"/><circle cx="126" cy="34" r="24" fill="#6b5138"/><rect x="30" y="66" width="14" height="44" fill="#6b5138"/><rect x="92" y="66" width="14" height="44" fill="#6b5138"/>',
      width: 150,
      height: 110,
    },
    x: `560+430*sin${TURN}`,
    y: `520+60*cos${TURN}`,
  },
  {
    name: 'street',
    title: 'Street',
    back: `${sky('#a8b8c8', '#e4e2da')}<rect y="430" width="1280" height="290" fill="#5b6068"/><rect y="410" width="1280" height="40" fill="#9b9a96"/>
      <rect x="40" y="150" width="320" height="270" fill="#b98a72"/><rect x="420" y="90" width="360" height="330" fill="#cbbd9f"/><rect x="840" y="190" width="380" height="230" fill="#92a08f"/>
      <path d="M0 590 H1280" stroke="#e8e3cf" stroke-width="10" stroke-dasharray="90 70"/>${tree(395, 430, 120)}`,
    front: { svg: car('#2f6d8c'), width: 350, height: 145 },
    x: `-360+mod(t\\,${SCENE_SECONDS / 2})*${(1700 / SCENE_SECONDS) * 2}`,
    y: '440',
  },
  {
    name: 'garage',
    title: 'Garage',
    back: `<rect width="1280" height="720" fill="#8e949b"/><rect y="520" width="1280" height="200" fill="#6c7178"/>
      <rect x="100" y="120" width="620" height="400" fill="#d5d9dc"/><path d="M100 220 H720 M100 320 H720 M100 420 H720" stroke="#aeb4b9" stroke-width="6"/>
      <rect x="860" y="200" width="190" height="320" fill="#4b5a54"/><circle cx="1020" cy="370" r="10" fill="#c9cfcc"/>
      <g transform="translate(240 440)">${car('#8c3f3f')}</g>`,
    front: { svg: person('#44658a'), width: 80, height: 230 },
    x: `900+240*cos${TURN}`,
    y: '400',
  },
  {
    name: 'garden',
    title: 'Garden',
    back: `${sky('#7fa9cf', '#e9efe4')}<rect y="380" width="1280" height="340" fill="#8aa95f"/><path d="M540 720 Q600 520 700 380 H760 Q720 540 780 720 Z" fill="#cdbf9a"/>
      ${tree(180, 480, 210)}${tree(430, 420, 120)}${tree(960, 440, 160)}${tree(1160, 500, 220)}`,
    front: {
      svg: '<path d="M6 30 Q30 0 50 26 Q70 0 94 30" fill="none" stroke="#2f3540" stroke-width="10" stroke-linecap="round"/>',
      width: 100,
      height: 50,
    },
    x: `600+560*sin${TURN}`,
    y: `150+70*cos(2*${TURN})`,
  },
  {
    name: 'workshop',
    title: 'Workshop',
    back: `<rect width="1280" height="720" fill="#d8d2c6"/><rect y="540" width="1280" height="180" fill="#9a8f80"/>
      <rect x="120" y="400" width="620" height="40" fill="#7a5b3e"/><rect x="160" y="440" width="40" height="200" fill="#6b4f36"/><rect x="650" y="440" width="40" height="200" fill="#6b4f36"/>
      <rect x="140" y="110" width="560" height="200" fill="#bfae92"/><path d="M200 150 V260 M300 150 V240 M400 150 V270 M500 150 V230 M600 150 V260" stroke="#5c646b" stroke-width="22" stroke-linecap="round"/>
      <rect x="860" y="140" width="300" height="240" fill="#a9c6d6" stroke="#f3eee4" stroke-width="16"/>`,
    front: { svg: person('#5e7a4d'), width: 80, height: 230 },
    x: `560+330*sin${TURN}`,
    y: '420',
  },
];
