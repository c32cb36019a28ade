import { Module } from '@nestjs/common';
import { CqrsModule } from '@nestjs/cqrs';
import { EventStore } from '../../shared/event-store/event-store.ts';
import { FindLeadsHandler } from './find-leads.ts';
import { NameLeadsHandler } from './name-leads.ts';
import { LeadBooks } from './lead-books.ts';
import { DescribeLeadChangesHandler } from './lead-changes.ts';
import { LeadCounts } from './lead-counts.read-model.ts';
import { LeadList } from './lead-list.read-model.ts';
import { LeadsCsvController } from './leads-csv.controller.ts';
import { LeadsController } from './leads.controller.ts';
import { LoseSourcesHandler } from './lose-sources.ts';
import { MatchLeadsHandler } from './match-leads.ts';
import { MergeLeadsHandler } from './merge-leads.ts';
import { SplitLeadHandler } from './split-lead.ts';
import { UpsertLeadsHandler } from './upsert-leads.ts';

/** Who the people are, whichever CRM and however many of its clients they come from. */
@Module({
  imports: [CqrsModule],
  controllers: [LeadsController, LeadsCsvController],
  providers: [
    MatchLeadsHandler,
    UpsertLeadsHandler,
    FindLeadsHandler,
    NameLeadsHandler,
    LoseSourcesHandler,
    LeadCounts,
    DescribeLeadChangesHandler,
    MergeLeadsHandler,
    SplitLeadHandler,
    LeadBooks,
    LeadList,
  ],
})
export class LeadsModule {
  constructor(events: EventStore, leads: LeadList) {
    events.subscribe(leads);
  }
}
