import { Alert, Anchor, createTheme } from '@mantine/core';
import type { MantineColorsTuple } from '@mantine/core';

const sea: MantineColorsTuple = [
  '#ecf8f8',
  '#d9eeef',
  '#b0dde0',
  '#83cbd0',
  '#5fbcc3',
  '#48b3bb',
  '#2a9fa8',
  '#148c95',
  '#0b7a83',
  '#005f68',
];

const INTER = "'Inter Variable', system-ui, sans-serif";

export const theme = createTheme({
  colors: { sea },
  primaryColor: 'sea',
  primaryShade: 8,
  autoContrast: true,
  fontFamily: INTER,
  fontFamilyMonospace: "ui-monospace, 'SF Mono', Menlo, Consolas, 'Liberation Mono', monospace",
  headings: { fontFamily: INTER, fontWeight: '650' },
  defaultRadius: 'md',
  cursorType: 'pointer',
  respectReducedMotion: true,
  components: {
    Anchor: Anchor.extend({ defaultProps: { underline: 'always' } }),
    Alert: Alert.extend({ classNames: { root: 'note', title: 'note-title', message: 'note-message' } }),
  },
});
