/** Processor time this process has used, in milliseconds: unlike the clock it hardly grows while others compute. */
export function cpuMilliseconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
