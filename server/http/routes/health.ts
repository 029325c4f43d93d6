import { z } from 'zod';
import type { HttpPorts } from '../ports.ts';
import { type ApiRoute, defineRoute } from '../route.ts';

const readinessSchema = z.object({
  ready: z.boolean(),
  checks: z.record(z.string(), z.boolean()),
});

/** Liveness, readiness and metrics. */
export function healthRoutes(ports: Pick<HttpPorts, 'metrics' | 'readiness'>): ApiRoute[] {
  return [
    defineRoute({
      method: 'GET',
      url: '/healthz',
      access: 'public',
      tag: 'health',
      summary: 'Says whether the process is alive.',
      answers: [
        {
          status: 200,
          description: 'It is.',
          contentType: 'application/json',
          schema: z.object({ status: z.literal('ok') }),
        },
      ],
      handle: () => ({ status: 'ok' }),
    }),
    defineRoute({
      method: 'GET',
      url: '/readyz',
      access: 'public',
      tag: 'health',
      summary: 'Says whether viewers can be served.',
      answers: [
        { status: 200, description: 'Ready.', contentType: 'application/json', schema: readinessSchema },
        { status: 503, description: 'Not ready.', contentType: 'application/json', schema: readinessSchema },
      ],
      handle({ reply }) {
        const { ready, checks } = ports.readiness();
        return reply.code(ready ? 200 : 503).send({ ready, checks });
      },
    }),
    defineRoute({
      method: 'GET',
      url: '/metrics',
      access: 'token',
      tag: 'health',
      summary: 'Metrics in the Prometheus text format.',
      answers: [{ status: 200, description: 'The metrics.', contentType: 'text/plain' }],
      async handle({ reply }) {
        const text = await ports.metrics();
        return reply.type('text/plain; version=0.0.4; charset=utf-8').send(text);
      },
    }),
  ];
}
