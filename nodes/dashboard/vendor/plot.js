// What the history plots take from npm.
export { default as uPlot } from 'uplot';
