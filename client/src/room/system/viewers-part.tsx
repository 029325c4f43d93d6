import { viewersSchema } from '../../../../shared/system.ts';
import { call } from '../api/call.ts';
import { failureText } from '../api/failure-text.ts';
import { hrefOf } from '../app/router.ts';
import { dateTime } from '../i18n/formats.ts';
import { isToldAbove, streamOf } from '../store/streams.ts';
import { titleOf } from '../store/titles.ts';
import { usePolled } from '../store/use-polled.ts';
import { Notice } from '../ui/index.ts';
import { t } from './texts.ts';

const ASK_EVERY_MS = 4_000;

/** Who watches what. */
export function ViewersPart() {
  const { value, failure } = usePolled(
    () => call('GET', 'api/v1/viewers', viewersSchema),
    () => ASK_EVERY_MS,
  );
  if (value === undefined) {
    return failure === undefined ? (
      <p class="quiet">{t('asking')}</p>
    ) : (
      <Notice kind="trouble">{failureText(failure)}</Notice>
    );
  }
  const { viewers, total } = value;
  return (
    <div class="system-viewers">
      {failure === undefined || isToldAbove(failure) ? undefined : (
        <Notice kind="trouble">{t('no-answer', { why: failureText(failure) })}</Notice>
      )}
      {viewers.length === 0 ? (
        <p class="quiet">{t('viewers-none')}</p>
      ) : (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by keyboard.
        <section class="system-panel system-table" tabIndex={0} aria-label={t('viewers')}>
          <table>
            <thead>
              <tr>
                <th scope="col">{t('camera')}</th>
                <th scope="col">{t('by')}</th>
                <th scope="col">{t('address')}</th>
                <th scope="col">{t('since')}</th>
              </tr>
            </thead>
            <tbody>
              {viewers.map(({ stream, by, address, since }, place) => (
                <tr key={`${stream} ${by} ${address} ${since} ${place}`}>
                  <td>
                    <CameraLink stream={stream} />
                  </td>
                  <td>{t(`by-${by}`)}</td>
                  <td>{address ?? '–'}</td>
                  <td>{dateTime(since)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </section>
      )}
      {total > viewers.length ? (
        <p class="quiet">{t('viewers-more', { total, shown: viewers.length })}</p>
      ) : undefined}
      <p class="quiet">{t('viewers-note')}</p>
    </div>
  );
}

function CameraLink({ stream }: { stream: string }) {
  const [app = '', name = ''] = stream.split('/');
  const status = streamOf(app, name);
  return (
    <a href={hrefOf({ page: 'camera', app, name })}>{status === undefined ? stream : titleOf(status)}</a>
  );
}
