import { z } from 'zod';

/*
 * To be imported before anything that makes schemas: while they are made they try `new Function` otherwise, which a strict
 * policy such as the gateway's own forbids, and a browser reports as an error of the page.
 */
z.config({ jitless: true });
