import { describeShareOfSeeds } from './seeds.ts';

describeShareOfSeeds(0, 2);
