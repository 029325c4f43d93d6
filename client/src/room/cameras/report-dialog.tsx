import type { StreamStatus } from '../../../../shared/stream.ts';
import { CameraReport } from '../report/index.ts';
import { titleOf } from '../store/titles.ts';
import { Button, Dialog } from '../ui/index.ts';
import { t } from './texts.ts';

/** What a camera is and does, with advice. */
export function ReportDialog({ status, onClose }: { status: StreamStatus; onClose: () => void }) {
  return (
    <Dialog wide title={t('report-title', { camera: titleOf(status) })} onClose={onClose}>
      <CameraReport app={status.app} name={status.name} />
      <div class="form-actions">
        <Button kind="primary" onClick={onClose}>
          {t('close')}
        </Button>
      </div>
    </Dialog>
  );
}
