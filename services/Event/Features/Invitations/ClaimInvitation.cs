using System.ComponentModel.DataAnnotations;
using BloodPlatform.Chassis;
using BloodPlatform.Drives.Features.Appointments;
using BloodPlatform.Drives.Features.Projections;
using BloodPlatform.Drives.Rules;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Drives.Features.Invitations;

/// <summary>Who has the code is the one who is meant: `donorId` has been registered, with his own document and consent. His organiser sees how far he is.</summary>
public sealed record ClaimInvitationRequest([property: StringLength(40, MinimumLength = 1)] string ClaimCode, Guid DonorId);

/// <summary>POST /v1/invitations/claim and GET /v1/invitations/{id}. Then POST /v1/appointments with the same `claimCode` takes the kept place.</summary>
public static class ClaimInvitation
{
    public static void Map(IEndpointRouteBuilder app)
    {
        app.MapPost("/v1/invitations/claim", Handle).Allow("appointments", Roles.Station, Roles.App).WithSummary("Claims an invitation for a donor");
        app.MapGet("/v1/invitations/{id:guid}", Get).Allow("appointments", Roles.Station, Roles.App).WithSummary("An invitation that a donor has claimed");
    }

    private static async Task<Results<Made<InvitationView>, ProblemHttpResult>> Handle(ClaimInvitationRequest request, Caller caller, Database db, Vault vault, ClaimGuesses guesses, CancellationToken ct)
    {
        if (ClaimCodes.Read(request.ClaimCode) is not { } code) return Problems.ClaimCodeMistyped.With();
        if (guesses.Stops(caller) is { } stop) return stop;
        return await db.InTransaction<Results<Made<InvitationView>, ProblemHttpResult>>(async tx =>
        {
            // The donor before the invitation, as a booking.
            var (donor, before, other) = await tx.Read($"""
                select p.donor_id, p.status, p.apps, p.profile_version, p.eligibility_version, p.windows::text as windows from event.donor p where p.donor_id = {Persons.Of("@DonorId")} for update;
                {InvitationRow.ByCode};
                select exists (select from event.invitation o join event.invitation i on i.drive_id = o.drive_id and i.code_hash = @codeHash and i.id <> o.id where o.status in ('claimed', 'booked') and o.donor_id in {Persons.Ids("@DonorId")})
                """, new { request.DonorId, codeHash = InvitationRow.HashOf(vault, code) }, async grid => (await grid.ReadSingleOrDefaultAsync<BookingDonorRow>(), await grid.ReadSingleOrDefaultAsync<InvitationRow>(), await grid.ReadSingleAsync<bool>()));
            if (donor is null || !donor.MayBeBookedBy(caller)) return CommonProblems.Unknown(request.DonorId);
            if (before is null || (caller.Is(Roles.Station) && before.StationId != caller.Tenant)) return guesses.Missed(caller);
            if (before.Forbids(donor.DonorId, tx.Now) is { } no) return no.ToProblem();
            if (before.Status == "claimed") return Answers.Ok(before.Version, before.View(tx.Now)); // his own, again
            if (other) return Problems.AlreadyInvited.With();

            var after = before with { Version = before.Version + 1, Status = "claimed", DonorId = donor.DonorId };
            // Under the id he was named by, as a booking: should a merge be undone, it is that one's.
            tx.Write("update event.invitation set version = @Version, status = @Status, donor_id = @recordedFor where id = @Id", new { after.Version, after.Status, recordedFor = request.DonorId, after.Id });
            tx.Audit("invitation.claim", $"invitation/{after.Id}");
            return Answers.Ok(after.Version, after.View(tx.Now));
        }, ct);
    }

    private static async Task<Results<Made<InvitationView>, ProblemHttpResult>> Get(Guid id, Caller caller, Database db, TimeProvider clock, CancellationToken ct)
    {
        var row = await db.QuerySingle<InvitationRow>(InvitationRow.Select + $"""
             where i.id = @id and i.donor_id is not null
               and case when @station then d.station_id = @tenant else exists (select from event.donor p where p.donor_id = {Persons.Of("i.donor_id")} and p.apps @> array[@tenant]::uuid[]) end
            """, new { id, station = caller.Is(Roles.Station), tenant = caller.Tenant }, ct);
        return row is null ? await db.Unknown("event.invitation", id, ct) : Answers.Ok(row.Version, row.View(clock.GetUtcNow()));
    }
}
