/**
 * How the gateway's Node keeps its heap. Media lies outside V8's heap in buffers that live for about one group of
 * pictures. By its own measure V8 then marks the whole heap several times a second (20 cameras of 4 Mbit/s: a third
 * of the gateway's CPU, and pauses of 5 to 10 ms that viewers see), so the heap may grow more between two markings;
 * a smaller young generation gives the memory for that back, and the first markings come late: 20 cameras fit in what the old
 * generation may have from the start, and are marked half as often (a tenth of the gateway's CPU, for 20 to 40 MiB). Measured
 * with `npm run bench`.
 * @type {readonly string[]}
 */
export const gatewayNodeFlags = [
  '--max-semi-space-size=4',
  '--heap-growing-percent=100',
  '--initial-old-space-size=64',
];
