import { readFileSync } from 'node:fs';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { brotliCompress, gzip, gzipSync } from 'node:zlib';
import { build, defineConfig, type Plugin, type ResolvedConfig } from 'vite';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** Browsers that have all that the player relies on (`Promise.withResolvers` is the youngest). */
const target = 'es2022';
const JSX = { runtime: 'automatic', importSource: 'preact' } as const;
/** What a page has to fetch before its first picture, HLS left out. */
const MAX_PLAYER_GZIP_BYTES = 120_000;

/**
 * One build of two things: the control room, and after it the player as one file that needs nothing else, beside one
 * with HLS that it fetches when it is first needed. The page takes the player as any other page would, so it is no
 * part of the page's own bundle.
 */
function playerBuild(): Plugin {
  let logLevel: 'info' | 'warn' | 'error' | 'silent' | undefined;
  let outDir = '';
  return {
    name: 'sluice-player-build',
    apply: 'build',
    configResolved: (config) => {
      logLevel = config.logLevel;
      outDir = outDirOf(config);
    },
    closeBundle: {
      sequential: true,
      order: 'post',
      handler: async () => {
        await build({
          root: here('.'),
          configFile: false,
          base: './',
          oxc: { jsx: JSX },
          ...(logLevel === undefined ? {} : { logLevel }),
          build: {
            target,
            outDir,
            emptyOutDir: false,
            copyPublicDir: false,
            // Where the player finds it: beside itself, on whatever host that is.
            modulePreload: false,
            // A library keeps its line breaks by default; this one is not bundled again, but sent as it is.
            rolldownOptions: {
              // What both need stays in the first file, which is complete without the second.
              preserveEntrySignatures: 'allow-extension',
              output: { minify: true, chunkFileNames: 'assets/player-hls-[hash].js' },
            },
            lib: { entry: here('src/player/index.ts'), formats: ['es'], fileName: () => 'sluice-player.js' },
          },
        });
        const gzipBytes = gzipSync(readFileSync(join(outDir, 'sluice-player.js'))).length;
        if (gzipBytes > MAX_PLAYER_GZIP_BYTES) {
          throw new Error(
            `sluice-player.js takes ${gzipBytes} bytes compressed; at most ${MAX_PLAYER_GZIP_BYTES} are allowed.`,
          );
        }
      },
    },
  };
}

const COMPRESSED = /\.(js|css|html|svg)$/;
/** Less than a packet anyway. */
const MIN_COMPRESSED_BYTES = 1_000;

/** Beside each file of text the same compressed, for the gateway to send: once here, as well as can be, and never again. */
function compressedSiblings(): Plugin {
  let outDir = '';
  return {
    name: 'sluice-compressed-siblings',
    apply: 'build',
    configResolved: (config) => {
      outDir = outDirOf(config);
    },
    closeBundle: {
      sequential: true,
      order: 'post',
      handler: async () => {
        const files = await readdir(outDir, { recursive: true });
        await Promise.all(
          files.filter((file) => COMPRESSED.test(file)).map((file) => compress(join(outDir, file))),
        );
      },
    },
  };
}

async function compress(path: string): Promise<void> {
  const content = await readFile(path);
  if (content.length < MIN_COMPRESSED_BYTES) return;
  await Promise.all([
    promisify(brotliCompress)(content).then((bytes) => writeFile(`${path}.br`, bytes)),
    promisify(gzip)(content, { level: 9 }).then((bytes) => writeFile(`${path}.gz`, bytes)),
  ]);
}

function outDirOf({ root, build: { outDir } }: ResolvedConfig): string {
  return resolve(root, outDir);
}

export default defineConfig({
  root: here('.'),
  base: './',
  oxc: { jsx: JSX },
  build: {
    target,
    outDir: here('dist'),
    emptyOutDir: true,
    modulePreload: false,
    // Icons stay files: a data: URL would need room in the page's policy.
    assetsInlineLimit: 0,
  },
  plugins: [playerBuild(), compressedSiblings()],
});
