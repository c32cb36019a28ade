import { describe, expect, it } from '@jest/globals';
import { exposition } from '../../src/shared/metrics/exposition.ts';
import { Counter, Histogram } from '../../src/shared/metrics/instruments.ts';
import { gauge } from '../../src/shared/metrics/metrics.ts';

describe('what Prometheus reads', () => {
  it('tells of each name what it is, also where there is no value yet', () => {
    const counter = new Counter({ name: 'things_total', help: 'Things.' });
    expect(exposition([counter.family()])).toBe('# HELP things_total Things.\n# TYPE things_total counter\n');
    counter.add({ kind: 'a', of: 'b' });
    counter.add({ kind: 'a', of: 'b' }, 2);
    counter.add({ kind: 'c', of: 'b' });
    expect(exposition([counter.family(), gauge('now', 'Now.', 1.5)])).toBe(
      [
        '# HELP things_total Things.',
        '# TYPE things_total counter',
        'things_total{kind="a",of="b"} 3',
        'things_total{kind="c",of="b"} 1',
        '# HELP now Now.',
        '# TYPE now gauge',
        'now 1.5',
        '',
      ].join('\n'),
    );
  });

  it('counts what took at most so long, each bound including those below', () => {
    const histogram = new Histogram({ name: 'took_seconds', help: 'Took.' }, [0.1, 1]);
    for (const seconds of [0.05, 0.1, 0.5, 7]) histogram.observe({ route: '/' }, seconds);
    expect(exposition([histogram.family()]).split('\n').slice(2, -1)).toEqual([
      'took_seconds_bucket{route="/",le="0.1"} 2',
      'took_seconds_bucket{route="/",le="1"} 3',
      'took_seconds_bucket{route="/",le="+Inf"} 4',
      'took_seconds_sum{route="/"} 7.65',
      'took_seconds_count{route="/"} 4',
    ]);
  });

  it('cannot be made to say something else by what stands in a label or a text', () => {
    const samples = [
      { labels: { code: 'a"} 1\nother 2\\' }, value: NaN },
      { labels: {}, value: -Infinity },
    ];
    expect(exposition([{ name: 'n', help: 'one\ntwo\\', type: 'gauge', samples }])).toBe(
      '# HELP n one\\ntwo\\\\\n# TYPE n gauge\nn{code="a\\"} 1\\nother 2\\\\"} NaN\nn -Inf\n',
    );
  });
});
