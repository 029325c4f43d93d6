import { streamId } from '../../../shared/names.ts';
import { cameraReportSchema } from '../../../shared/report.ts';
import { noSuchStream } from '../../base/no-such-stream.ts';
import type { ReportsPort } from '../ports-report.ts';
import { type ApiRoute, defineRoute } from '../route.ts';
import { streamPathSchema } from './streams.ts';

/** What a stream's camera is and does, with advice. */
export function reportRoutes(reports: ReportsPort): ApiRoute[] {
  return [
    defineRoute({
      method: 'GET',
      url: '/api/v1/streams/:app/:name/report',
      access: 'token',
      tag: 'streams',
      summary: 'What the camera of a stream is and does, with advice on what costs latency or compatibility.',
      description:
        'Measured on what comes, whether or not anybody watches. While the camera is away it is what was last known of it ' +
        '(`isCurrent` false). A figure that is missing was not measured yet; clock drift takes half a minute.',
      params: streamPathSchema,
      answers: [
        {
          status: 200,
          description: 'The report.',
          contentType: 'application/json',
          schema: cameraReportSchema,
        },
      ],
      errors: ['BAD_REQUEST', 'STREAM_NOT_FOUND'],
      handle({ params }) {
        const id = streamId(params.app, params.name);
        const report = reports.report(id);
        if (report === undefined) throw noSuchStream(id);
        // Only what the schema names goes out, whatever else the objects may hold.
        return cameraReportSchema.parse(report);
      },
    }),
  ];
}
