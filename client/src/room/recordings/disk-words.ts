import { texts } from '../i18n/index.ts';

const DISK_REASONS = ['DISK_FULL', 'DISK_MISSING', 'DISK_SLOW', 'DISK_ERROR'] as const;
type DiskReason = (typeof DISK_REASONS)[number];

const words = texts<DiskReason | `${DiskReason}-todo`>({
  en: {
    DISK_FULL: 'The disk with the recordings is full.',
    'DISK_FULL-todo':
      'Free some space on it, or keep recordings for fewer days. Recording goes on by itself.',
    DISK_MISSING: 'The disk with the recordings is not there.',
    'DISK_MISSING-todo': 'Connect and mount it again. Recording goes on by itself.',
    DISK_SLOW: 'The disk with the recordings is too slow.',
    'DISK_SLOW-todo': 'Record fewer cameras on it, or check it: a disk that fails gets slow first.',
    DISK_ERROR: 'The disk with the recordings fails.',
    'DISK_ERROR-todo': 'Check its connection and its health. Recording goes on once it can be written.',
  },
  de: {
    DISK_FULL: 'Die Platte mit den Aufnahmen ist voll.',
    'DISK_FULL-todo':
      'Schaffen Sie Platz, oder behalten Sie Aufnahmen weniger Tage. Die Aufnahme geht von selbst weiter.',
    DISK_MISSING: 'Die Platte mit den Aufnahmen fehlt.',
    'DISK_MISSING-todo': 'Schließen Sie sie wieder an. Die Aufnahme geht von selbst weiter.',
    DISK_SLOW: 'Die Platte mit den Aufnahmen ist zu langsam.',
    'DISK_SLOW-todo':
      'Nehmen Sie weniger Kameras darauf auf, oder prüfen Sie sie: Eine defekte Platte wird zuerst langsam.',
    DISK_ERROR: 'Die Platte mit den Aufnahmen hat Fehler.',
    'DISK_ERROR-todo':
      'Prüfen Sie Anschluss und Zustand. Die Aufnahme geht weiter, sobald sie beschrieben werden kann.',
  },
});

/** Why nothing can be recorded though the camera is there, and what to do; undefined where that is not the disk's fault. */
export function diskWords(code: string | undefined): { title: string; todo: string } | undefined {
  const reason = DISK_REASONS.find((one) => one === code);
  return reason === undefined ? undefined : { title: words(reason), todo: words(`${reason}-todo`) };
}
