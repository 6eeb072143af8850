import type { Targets } from './rates.ts';

/** The columns of a policy that decide verdicts, percent. */
export type PolicyTargets = {
  readonly total_online: number;
  readonly total_image: number;
  readonly skynet_online: number;
  readonly skynet_image: number;
  readonly social_online: number;
  readonly social_image: number;
  readonly coverage: number;
};

export const targetsOf = (policy: PolicyTargets): Targets => ({
  total: { online: policy.total_online, image: policy.total_image },
  skynet: { online: policy.skynet_online, image: policy.skynet_image },
  social: { online: policy.social_online, image: policy.social_image },
  coverage: policy.coverage,
});
