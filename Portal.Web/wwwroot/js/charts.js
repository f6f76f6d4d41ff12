// The whole bridge to ECharts. An option arrives as the text of its JSON; a value such as "var(--chart-1)" in it becomes the theme's colour,
// again whenever the theme changes. Functions cannot travel, so figures are formatted here, by the page's language.
const charts = new Map();
let echarts;

export async function draw(element, option, locale) {
  echarts ??= await import('../lib/echarts/echarts.min.js');
  if (!element?.isConnected) return;
  let entry = charts.get(element);
  if (!entry) {
    entry = { chart: echarts.init(element), resize: new ResizeObserver(() => entry.chart.resize()) };
    entry.resize.observe(element);
    charts.set(element, entry);
  }
  entry.option = option;
  entry.locale = locale;
  paint(entry);
}

export function dispose(element) {
  const entry = charts.get(element);
  if (!entry) return;
  entry.resize.disconnect();
  entry.chart.dispose();
  charts.delete(element);
}

function paint({ chart, option, locale }) {
  const styles = getComputedStyle(document.documentElement);
  const resolved = JSON.parse(option, (_, value) =>
    typeof value === 'string' && value.includes('var(--')
      ? value.replace(/var\((--[\w-]+)\)/g, (_, name) => styles.getPropertyValue(name).trim()) : value);
  const exact = new Intl.NumberFormat(locale, { maximumSignificantDigits: 6 });
  const short = new Intl.NumberFormat(locale, { notation: 'compact', maximumFractionDigits: 1 });
  for (const axis of [resolved.yAxis ?? []].flat()) axis.axisLabel = { ...axis.axisLabel, formatter: value => short.format(value) };
  if (resolved.tooltip) {
    resolved.tooltip.formatter = points => tooltip([points].flat(), exact);
  }
  chart.setOption(resolved, { notMerge: true });
}

// Built of nodes, never of markup: names of models come from customers.
function tooltip(points, exact) {
  const box = document.createElement('div');
  box.append(Object.assign(document.createElement('strong'), { textContent: points[0]?.axisValueLabel ?? points[0]?.name ?? '' }));
  for (const point of points) {
    const value = Array.isArray(point.value) ? point.value.at(-1) : point.value;
    if (value === null || value === undefined || value === '-' || point.seriesName.startsWith('·')) continue;
    const row = Object.assign(document.createElement('div'), { className: 'chart-tooltip-row' });
    const dot = Object.assign(document.createElement('i'), { className: 'chart-dot' });
    dot.style.background = typeof point.color === 'string' ? point.color : '';
    row.append(dot, Object.assign(document.createElement('span'), { textContent: point.seriesName }),
      Object.assign(document.createElement('b'), { textContent: exact.format(value) }));
    box.append(row);
  }
  return box;
}

new MutationObserver(() => charts.forEach(paint))
  .observe(document.documentElement, { attributes: true, attributeFilter: ['data-theme'] });
