import { useVirtualizer } from '@tanstack/react-virtual';
import { AllCommunityModule, createGrid, ModuleRegistry, type ColDef, type IDatasource } from 'ag-grid-community';
import { Chart, registerables } from 'chart.js';
import { createElement, useRef, type ReactNode } from 'react';
import { flushSync } from 'react-dom';
import { createRoot } from 'react-dom/client';
import uPlot from 'uplot';

/**
 * The page of what one would take in place of our own table and charts, for `npm run bench -- screens`. It is driven from outside by
 * what it puts on `window.peers`; rows come from a function at once, without an engine, a copy or a port behind it.
 */
export interface Peers {
  /** Shows a list of so many rows. @returns the selector of what scrolls */
  show(kind: 'virtual' | 'ag-grid' | 'empty', rows: number): string;
  /** Draws a chart of so many points in three series once. @returns milliseconds until its frame was shown */
  draw(kind: 'uplot' | 'chart.js', points: number): Promise<number>;
}

const ROW_PX = 36;
const COLUMNS = ['id', 'kind', 'state', 'workspace', 'user', 'provider', 'model', 'price', 'age'] as const;
type Row = Readonly<Record<(typeof COLUMNS)[number], string>>;
const STATES = ['queued', 'running', 'validating', 'completed', 'failed', 'retrying'];

function rowAt(rank: number): Row {
  return {
    id: `job-${rank}`,
    kind: ['website', 'image', 'video', 'document'][rank % 4] ?? '',
    state: STATES[rank % STATES.length] ?? '',
    workspace: `workspace-${rank % 997}`,
    user: `user-${rank % 9973}`,
    provider: ['openai', 'replicate', 'http'][rank % 3] ?? '',
    model: `model-${rank % 17}`,
    price: String(rank % 500),
    age: `${rank % 60} minutes ago`,
  };
}

function VirtualList({ count }: { readonly count: number }): ReactNode {
  const scroller = useRef<HTMLDivElement>(null);
  // oxlint-disable-next-line react-hooks/incompatible-library -- this is how it is used, and nothing here is memoized
  const virtualizer = useVirtualizer({
    count,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_PX,
    overscan: 8,
  });
  const rows = virtualizer.getVirtualItems().map(({ index, start }) =>
    createElement(
      'div',
      {
        key: index,
        'data-row': index,
        style: {
          position: 'absolute',
          transform: `translateY(${start}px)`,
          height: ROW_PX,
          display: 'grid',
          gridTemplateColumns: `repeat(${COLUMNS.length}, 1fr)`,
          width: '100%',
        },
      },
      COLUMNS.map((column) => createElement('span', { key: column }, rowAt(index)[column])),
    ),
  );
  const body = createElement('div', { style: { height: virtualizer.getTotalSize(), position: 'relative' } }, rows);
  return createElement('div', { ref: scroller, id: 'scroller', style: { height: '100%', overflow: 'auto' } }, body);
}

function place(): HTMLElement {
  document.body.replaceChildren();
  document.body.style.cssText = 'margin:0;height:100vh;overflow:hidden;font:13px sans-serif';
  const element = document.createElement('div');
  element.style.cssText = 'height:100vh;width:100vw';
  document.body.append(element);
  return element;
}

function showGrid(element: HTMLElement, rows: number): string {
  ModuleRegistry.registerModules([AllCommunityModule]);
  const datasource: IDatasource = {
    rowCount: rows,
    getRows: (wanted) =>
      wanted.successCallback(
        Array.from({ length: wanted.endRow - wanted.startRow }, (_, n) => rowAt(wanted.startRow + n)),
        rows,
      ),
  };
  const columnDefs: ColDef<Row>[] = COLUMNS.map((field) => ({ field }));
  createGrid<Row>(element, {
    columnDefs,
    rowHeight: ROW_PX,
    rowModelType: 'infinite',
    cacheBlockSize: 200,
    datasource,
  });
  return '.ag-body-viewport';
}

function seriesOf(points: number): readonly [number[], ...number[][]] {
  const times = Array.from({ length: points }, (_, n) => 1_700_000_000 + n * 60);
  return [times, ...[3, 5, 7].map((step) => times.map((_, n) => 50 + 40 * Math.sin(n / (step * 11)) + (n % step)))];
}

function nextFrame(): Promise<void> {
  return new Promise((resolve) => {
    // The frame after the one in which it was drawn: by then it is on the screen.
    requestAnimationFrame(() => requestAnimationFrame(() => resolve()));
  });
}

const peers: Peers = {
  show(kind, rows) {
    const element = place();
    if (kind === 'ag-grid') return showGrid(element, rows);
    if (kind === 'virtual') {
      flushSync(() => createRoot(element).render(createElement(VirtualList, { count: rows })));
      return '#scroller';
    }
    element.id = 'scroller';
    element.style.overflow = 'auto';
    const body = document.createElement('div');
    body.style.height = '1000000px';
    element.append(body);
    return '#scroller';
  },
  async draw(kind, points) {
    const element = place();
    const [times, ...values] = seriesOf(points);
    await nextFrame();
    const startedAt = performance.now();
    if (kind === 'uplot') {
      const series = [{}, ...values.map((_, n) => ({ label: `s${n}`, stroke: '#36c' }))];
      new uPlot({ width: 1000, height: 300, series }, [times, ...values], element);
    } else {
      const canvas = document.createElement('canvas');
      canvas.width = 1000;
      canvas.height = 300;
      element.append(canvas);
      Chart.register(...registerables);
      new Chart(canvas, {
        type: 'line',
        data: { labels: times, datasets: values.map((data, n) => ({ label: `s${n}`, data, borderColor: '#36c' })) },
        options: { animation: false, responsive: false, elements: { point: { radius: 0 } } },
      });
    }
    await nextFrame();
    return performance.now() - startedAt;
  },
};

Object.assign(window, { peers });
