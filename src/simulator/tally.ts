/** What has happened since the start, over all cameras. */
export type Tally = {
  /** Accepted connections to cameras, RTSP and ONVIF. */
  connections: number;
  /** Those of them that stand now. */
  open: number;
  /** Destroyed because neither end, or only one, is a camera's. */
  turnedAway: number;
  plays: number;
  teardowns: number;
  /** SOAP requests. */
  onvifRequests: number;
};
