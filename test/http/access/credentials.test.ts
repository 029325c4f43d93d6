import { describe, expect, it } from 'vitest';
import { loggableTarget } from '../../../server/http/access/credentials.ts';

describe('what the log says of an address', () => {
  it.each([
    ['/api/v1/streams', '/api/v1/streams'],
    ['/a?access_token=s3cret&x=1', '/a?access_token=***&x=1'],
    ['/a?access%5Ftoken=s3cret', '/a?access_token=***'],
    ['/a?ACCESS_TOKEN=s3cret', '/a?ACCESS_TOKEN=***'],
    ['/a?access_token=s3cret&access_token=t0o', '/a?access_token=***'],
    ['/a?password=s3cret', '/a?password=***'],
    ['/a?start_time=5', '/a?start_time=5'],
    ['/a/1.ts&access_token=s3cret&x=1', '/a/1.ts&access_token=***&x=1'],
    ['/a%26access_token=s3cret', '/a%26access_token=***'],
    ['/a%3Faccess_token%3Ds3cret%26x', '/a%3Faccess_token%3D***%26x'],
    ['/a;access_token=s3cret/b', '/a;access_token=***/b'],
    ['/a?x=1?access_token=s3cret', '/a?x=1%3Faccess_token%3D***'],
    ['/a?x=1;access_token=s3cret', '/a?x=1%3Baccess_token%3D***'],
    ['/a?x[access_token]=s3cret', '/a?x%5Baccess_token%5D=***'],
  ])('%s', (target, shown) => {
    expect(loggableTarget(target)).toBe(shown);
  });
});
