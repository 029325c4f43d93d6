/** What is kept in `dataDir` beside the recordings: a part of `main.ts`, which alone imports it. */

import { resolve } from 'node:path';
import { streamId } from '../shared/names.ts';
import { systemClock } from './base/clock.ts';
import type { LoadedConfig } from './base/config/load.ts';
import type { Settings } from './base/config/settings.ts';
import type { Logger } from './base/log.ts';
import { SqliteCatalog } from './catalog/index.ts';
import { StartError } from './gateway/index.ts';
import type { Hub } from './stream/index.ts';

/** Throws StartError where `dataDir` is none that can be worked with. */
export function openCatalog({ dataDir }: Settings): SqliteCatalog {
  try {
    return new SqliteCatalog({ dataDir, clock: systemClock });
  } catch (failure) {
    const why = failure instanceof Error ? failure.message : String(failure);
    throw new StartError(
      `dataDir (${resolve(dataDir)}) cannot be used: ${why}. It has to be a folder that Sluice may write to.`,
    );
  }
}

/** The streams of the file and of the catalog; a damaged row costs only its own stream. */
export async function addStreams(parts: {
  config: LoadedConfig;
  hub: Hub;
  catalog: SqliteCatalog;
  log: Logger;
}) {
  const { config, hub, catalog, log } = parts;
  for (const definition of config.streams) hub.add(definition);
  const { definitions, problems } = await catalog.streams();
  for (const { id, message } of problems) log.error({ stream: id }, `this stream was left out: ${message}`);
  for (const definition of definitions) {
    const id = streamId(definition.app, definition.name);
    if (hub.get(id) === undefined) hub.add(definition);
    else log.warn({ stream: id }, 'the configuration file has this stream too; the one of the API rests');
  }
}

/** What lies at `dir` now is where recordings belong, whatever was there before. */
export async function acceptDisk({ settings }: LoadedConfig, dir: string): Promise<void> {
  const catalog = openCatalog(settings);
  try {
    const path = resolve(dir);
    if (!(await catalog.forgetDisk(path))) {
      throw new StartError(
        `No disk was seen at ${path} before. Give the dataDir, or the dir of an application, as the settings have it.`,
      );
    }
    process.stdout.write(`The next disk that is seen at ${path} is taken for recordings.\n`);
  } finally {
    await catalog.close();
  }
}
