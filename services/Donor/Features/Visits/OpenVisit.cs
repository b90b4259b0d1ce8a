using System.ComponentModel.DataAnnotations;
using BloodPlatform.Chassis;
using BloodPlatform.Contracts.Donor;
using BloodPlatform.Donors.Data;
using BloodPlatform.Donors.Features.Documents;
using BloodPlatform.Donors.Features.ExternalChecks;
using BloodPlatform.Donors.Rules;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Donors.Features.Visits;

/// <param name="OpenedAt">More than twelve hours ago, or with a backfillReason, the visit is recorded afterwards: `quality` signs, and every step takes its own time.</param>
public sealed record OpenVisitRequest(
    Guid DonorId,
    [property: StringLength(80, MinimumLength = 1)] string CollectionPoint,
    IdentityCheckRequest IdentityCheck,
    Guid? DriveId = null,
    Guid? AppointmentId = null,
    DateTimeOffset? OpenedAt = null,
    [property: StringLength(80, MinimumLength = 1)] string? BackfillReason = null);

/// <param name="Kind">Of a document on record: without a number, a match with another kind is 409 document_unknown.</param>
/// <param name="Number">As read from the document: one of the donor's, perhaps on a renewed card. The visit is recorded under the registration it belongs to.</param>
public sealed record IdentityCheckRequest(
    [property: AllowedValues(IdentityDocument.ResidentId, IdentityDocument.HmtResidencePermit, IdentityDocument.HkMacauPermit, IdentityDocument.TaiwanPermit, IdentityDocument.Passport, IdentityDocument.MilitaryId, IdentityDocument.ForeignPermanentResidence)] string Kind,
    [property: AllowedValues("chip", "manual", "face")] string Method,
    [property: AllowedValues("match", "mismatch")] string Outcome,
    [property: StringLength(40, MinimumLength = 1)] string? Number = null);

/// <summary>
/// POST /v1/visits: a donor stands at the table with his document. Who is not who the document says, or may not give that day,
/// is recorded as deferred at once, with the reasons.
/// </summary>
public static class OpenVisit
{
    public static void Map(IEndpointRouteBuilder app) => app.MapPost("/v1/visits", Handle)
        .Allow("visits", Roles.Station).ByStaff("registrar", "physician", "quality").Creates().WithSummary("Checks a donor in");

    private static async Task<Results<Made<VisitView>, ProblemHttpResult>> Handle(OpenVisitRequest request, Caller caller, Database db, Vault vault, RuleBooks books, IExternalRegister register, TimeProvider clock, CancellationToken ct)
    {
        // Asked before the transaction: nobody waits for another party with a donor's row locked.
        var external = request.IdentityCheck.Outcome == "match" && !Afterwards(request, clock.GetUtcNow()) ? await Ask(request, db, vault, register, ct) : null;
        return await db.InTransaction<Results<Made<VisitView>, ProblemHttpResult>>(async tx =>
        {
            var openedAt = request.OpenedAt ?? tx.Now;
            var backfilled = Afterwards(request, tx.Now);
            if (openedAt > tx.Now + (backfilled ? TimeSpan.Zero : VisitSteps.Tolerance)) return Problems.TimeOutOfOrder.With("Lies in the future", new FieldError("/openedAt", "time_out_of_order", "Lies in the future"));
            if (VisitFile.MayAct(caller, backfilled, ["registrar", "physician"]) is { } person) return person;
            if (backfilled && request.BackfillReason is null) return Problems.BackfillReasonRequired.With(null, new FieldError("/backfillReason", "required", "Recorded afterwards: say why"));
            var day = Shanghai.DateOf(openedAt);

            var (shown, unreadable) = request.IdentityCheck.Number is { } number ? IdentityDocument.Read(request.IdentityCheck.Kind, number, Shanghai.DateOf(tx.Now), "/identityCheck/number") : default;
            if (unreadable is not null) return unreadable.ToProblem();

            var (donor, drive, appointment, cards, ofKind, open) = await tx.Read(DonorFile.Locked + $"""
                select drive_id, station_id, organiser_id, district, procedures, starts_at, ends_at, case when cancelled_version > 0 then 'cancelled' when closed_version > 0 then 'closed' else status end as status
                from donor.drive where drive_id = coalesce(@DriveId, (select drive_id from donor.appointment where appointment_id = @AppointmentId));
                select donor_id, drive_id, procedure, booked_version > 0 as booked, cancelled_version > booked_version as cancelled from donor.appointment where appointment_id = @AppointmentId;
                {Cards.OfIdentity};
                select id, donor_id from donor.document where donor_id = any({DonorFile.IdsOf}) and kind = @Kind order by donor_id <> @donorId, recorded_at desc, id limit 1;
                select exists (select from donor.visit where donor_id = any({DonorFile.IdsOf}) and status not in ('deferred', 'abandoned', 'collected', 'completed'))
                """, new { donorId = request.DonorId, request.DriveId, request.AppointmentId, request.IdentityCheck.Kind, identityIndex = shown is null ? null : DonorIndexes.Document(vault, shown) },
                async grid => (await DonorFile.Read(grid, vault, books), await grid.ReadSingleOrDefaultAsync<DriveRow>(), await grid.ReadSingleOrDefaultAsync<AppointmentRow>(), (await grid.ReadAsync<CardRow>()).ToList(), await grid.ReadSingleOrDefaultAsync<OfKindRow>(), await grid.ReadSingleAsync<bool>()));
            if (donor is null) return CommonProblems.Unknown(request.DonorId);
            if (donor.Restricted) return Problems.Restricted();
            if (shown is not null)
            {
                if (cards.Count == 0) return Problems.DocumentUnknown.With("POST /v1/donors/{id}/documents records it", new FieldError("/identityCheck/number", "document_unknown", "No document of this donor"));
                if (!donor.Includes(cards[0].DonorId)) return Cards.OfAnother(cards[0].PersonId, "/identityCheck/number");
                donor.RecordAs(cards[0].DonorId);
            }
            else if (request.IdentityCheck.Outcome == "match")
            {
                // Nobody can have compared him with a document that is not on record. The registration it belongs to is meant, the named one first.
                if (ofKind is null) return Problems.DocumentUnknown.With("POST /v1/donors/{id}/documents records it", new FieldError("/identityCheck/kind", "document_unknown", "No document of this kind"));
                donor.RecordAs(ofKind.DonorId);
            }
            if (open) return Problems.VisitOpen.With(); // of whichever registration of his
            if (donor.Book.On(day) is not { } rules) return Problems.NoRulesForDay.With(null, new FieldError("/openedAt", "no_rules_for_day", $"The oldest rules are of {donor.Book.Effective[0].ValidFrom:yyyy-MM-dd}"));
            if (request.AppointmentId is { } appointmentId)
            {
                if (appointment is not { Booked: true }) return CommonProblems.Unknown(appointmentId);
                if (!donor.Includes(appointment.DonorId) || (request.DriveId is { } named && named != appointment.DriveId)) return Problems.AppointmentMismatch.With(null, new FieldError("/appointmentId", "appointment_mismatch", "Another donor's or another drive's"));
                if (appointment.Cancelled) return Problems.AppointmentCancelled.With();
            }
            if ((request.DriveId ?? appointment?.DriveId) is { } driveId)
            {
                if (drive?.Status is null || (drive.StationId is null && drive.Status is not "cancelled")) return CommonProblems.Unknown(driveId);
                if (drive.StationId != caller.Tenant) return CommonProblems.NotFound.With();
                // The start may have happened a moment ago elsewhere: waited for like a fresh id.
                if (drive.Status != "started" && !(backfilled && drive.Status == "closed")) return FreshIds.WaitThen(Problems.DriveNotStarted.With($"The drive is {drive.Status}"));
                if (backfilled && (day < Shanghai.DateOf(drive.StartsAt!.Value) || day > Shanghai.DateOf(drive.EndsAt!.Value))) return Problems.OutsideDrive.With(null, new FieldError("/openedAt", "outside_drive", "Not on a day of the drive"));
            }

            var id = tx.NewId();
            var mismatch = request.IdentityCheck.Outcome == "mismatch";
            var row = new VisitRow(id, 1, donor.Id, caller.Tenant, drive?.DriveId, request.AppointmentId, request.CollectionPoint, VisitSteps.CheckedIn, openedAt, backfilled, openedAt,
                request.IdentityCheck.Kind, request.IdentityCheck.Method, request.IdentityCheck.Outcome, rules.Code, rules.Version, null, null, [], null, null, null, null, null, null, null, null, null, null, [], [], false, ExternalCheck: backfilled || mismatch ? null : external ?? ExternalOutcome.Unavailable);
            var visit = VisitFile.Opened(row, donor);
            visit.Announce(tx, new VisitOpened { Key = donor.Id.ToString(), Version = donor.NextVersion(), OccurredAt = openedAt, VisitId = id, DonorId = donor.Id, DriveId = row.DriveId, AppointmentId = row.AppointmentId, Backfilled = backfilled });

            string[] offered = appointment is null ? drive?.Procedures is { Length: > 0 } some ? some : Procedures.All : [appointment.Procedure];
            var judged = mismatch ? new DecisionInput(day, Failed: "IDENTITY") : new DecisionInput(day, donor.Facts, offered);
            var findings = Decision.Judge(donor.Book, rules, judged);
            var hit = external == ExternalOutcome.Hit && !backfilled && !mismatch; // another register's decision, not ours to judge again
            if (hit) visit.Refuse(tx, new([new Reason("deferral", ExternalOutcome.Deferral, null)], [new DeferralFact(ExternalOutcome.Deferral, day, null)]), openedAt, caller.Staff!.Id);
            else if (!findings.Pass) visit.Refuse(tx, findings, openedAt, caller.Staff!.Id);

            tx.Write("""
                insert into donor.visit (id, version, donor_id, station_id, drive_id, appointment_id, collection_point, status, opened_at, backfilled, backfill_reason, last_at, identity_kind, identity_method, identity_outcome, rule_set, rule_set_version, reasons, external_check, external_asked_at)
                values (@Id, 1, @DonorId, @StationId, @DriveId, @AppointmentId, @CollectionPoint, @Status, @OpenedAt, @Backfilled, @reason, @OpenedAt, @IdentityKind, @IdentityMethod, @IdentityOutcome, @RuleSet, @RuleSetVersion, @Reasons, @ExternalCheck, case when @ExternalCheck is not null then now() end)
                """, new
                {
                    visit.Row.Id, visit.Row.DonorId, visit.Row.StationId, visit.Row.DriveId, visit.Row.AppointmentId, visit.Row.CollectionPoint, visit.Row.Status, visit.Row.OpenedAt, visit.Row.Backfilled,
                    visit.Row.IdentityKind, visit.Row.IdentityMethod, visit.Row.IdentityOutcome, visit.Row.RuleSet, visit.Row.RuleSetVersion, visit.Row.Reasons, visit.Row.ExternalCheck,
                    reason = request.BackfillReason is null ? null : donor.Key.Seal("backfill_reason", request.BackfillReason),
                });
            if (!hit) visit.Keep(tx, "open", judged, findings);
            if (!mismatch)
            {
                if (donor.Row.IdentityAssurance != IdentityAssurance.DocumentSeen)
                {
                    tx.Write("update donor.donor set identity_assurance = 'document-seen' where id = @Id", new { donor.Id });
                    donor.ProfileChanged(tx);
                }
                if (shown is null) tx.WriteAny("update donor.document set seen_at = @openedAt where id = @Id and seen_at is null", new { ofKind!.Id, openedAt }); // the card that is valid now
                else Cards.Record(tx, donor.Id, donor.Key, shown, DonorIndexes.Document(vault, shown), cards, seen: true);
            }
            donor.Save(tx);
            tx.Audit("visit.open", $"visits/{id}", new { donorId = donor.Id, backfilled });
            return Answers.Created($"/v1/visits/{id}", 1, visit.View());
        }, ct);
    }

    private static bool Afterwards(OpenVisitRequest request, DateTimeOffset now) => (request.OpenedAt ?? now) < now - VisitSteps.Live || request.BackfillReason is not null;

    /// <summary>What the external register says of a donor whose visit can be opened; null where it can't be (if it can all the same, it is asked later).</summary>
    private static async Task<string?> Ask(OpenVisitRequest request, Database db, Vault vault, IExternalRegister register, CancellationToken ct) =>
        await db.QuerySingle<bool>("select @DriveId::uuid is null or exists (select from donor.drive where drive_id = @DriveId and status = 'started')", new { request.DriveId }, ct)
            ? await ExternalPerson.Ask(db, vault, register, request.DonorId, ct) : null;

    private sealed record OfKindRow(Guid Id, Guid DonorId);

    private sealed record DriveRow(Guid DriveId, Guid? StationId, Guid? OrganiserId, string? District, string[]? Procedures, DateTimeOffset? StartsAt, DateTimeOffset? EndsAt, string? Status);

    private sealed record AppointmentRow(Guid DonorId, Guid DriveId, string Procedure, bool Booked, bool Cancelled);
}
