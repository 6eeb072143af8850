/** Exit codes of every command, as the README tells them. */
export const exit = {
  /** Done; for inspect: nobody missed a target; for probe: a picture. */
  ok: 0,
  /** A target is missed; for probe: the camera or the way to it failed. */
  missed: 1,
  /** The command was not understood, or what it was given is wrong; nothing was done. */
  usage: 2,
  /** It could not be told, or this service itself failed. */
  unknown: 3,
} as const;
