// The parts of ECharts that the portal draws with; esbuild drops the rest.
import { use, init } from 'echarts/core';
import { BarChart, LineChart } from 'echarts/charts';
import {
  AriaComponent, AxisPointerComponent, DataZoomComponent, GridComponent, LegendComponent, MarkLineComponent, MarkPointComponent, TooltipComponent,
} from 'echarts/components';
import { CanvasRenderer } from 'echarts/renderers';

use([
  BarChart, LineChart, AriaComponent, AxisPointerComponent, DataZoomComponent, GridComponent, LegendComponent, MarkLineComponent,
  MarkPointComponent, TooltipComponent, CanvasRenderer,
]);
export { init };
