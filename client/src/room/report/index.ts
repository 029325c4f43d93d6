export { CameraReport, ReportFacts } from './report.tsx';
export { type ReportRow, reportRows } from './report-rows.ts';
