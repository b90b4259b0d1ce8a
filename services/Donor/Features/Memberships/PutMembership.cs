using System.ComponentModel.DataAnnotations;
using BloodPlatform.Chassis;
using BloodPlatform.Donors.Data;
using BloodPlatform.Donors.Features.Donors;
using BloodPlatform.Donors.Rules;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Donors.Features.Memberships;

/// <param name="ValidFrom">The first day of this period: the same one again replaces it, another one follows it and ends it the day before.</param>
/// <param name="GroupId">Class, department, village group: the organisation's own word.</param>
/// <param name="ShareParticipation">Whether the organisation may learn that he took part: the donor's own decision.</param>
public sealed record PutMembershipRequest(
    bool ShareParticipation,
    [property: StringLength(40, MinimumLength = 1)] string? MemberNumber = null,
    [property: StringLength(80, MinimumLength = 1)] string? GroupId = null,
    DateOnly? ValidFrom = null,
    DateOnly? ValidTo = null);

/// <param name="Id">Of this period in the organisation.</param>
public sealed record MembershipView(Guid Id, Guid DonorId, Guid OrganisationId, string? MemberNumber, string? GroupId, DateOnly? ValidFrom, DateOnly? ValidTo, bool ShareParticipation);

/// <summary>
/// PUT /v1/donors/{id}/memberships/{organisationId}: a period of membership; several organisations at once, periods of one follow each
/// other. Part of the donor, so If-Match is the donor's.
/// </summary>
public static class PutMembership
{
    public static void Map(IEndpointRouteBuilder app) => app.MapPut("/v1/donors/{id:guid}/memberships/{organisationId:guid}", Handle)
        .Allow("donors", Roles.Station, Roles.App).WithSummary("Says to which organisation a donor belongs");

    private static async Task<Results<Made<MembershipView>, ProblemHttpResult>> Handle(Guid id, Guid organisationId, PutMembershipRequest request, HttpRequest http, Caller caller, Database db, Vault vault, RuleBooks books, CancellationToken ct) =>
        await db.InTransaction<Results<Made<MembershipView>, ProblemHttpResult>>(async tx =>
        {
            var (donor, organisationKnown) = await tx.Read(DonorFile.Locked + "select exists (select from donor.organisation where organisation_id = @organisationId)", new { donorId = id, organisationId },
                async grid => (await DonorFile.Read(grid, vault, books), await grid.ReadSingleAsync<bool>()));
            if (donor is null) return CommonProblems.Unknown(id);
            if (!DonorView.Knows(caller, donor)) return CommonProblems.NotFound.With();
            if (!organisationKnown) return CommonProblems.Unknown(organisationId);
            if (donor.Restricted) return Problems.Restricted();
            if (donor.Merged) return Problems.Survivor(donor.PersonId);
            if (Answers.Precondition(http, donor.ProfileVersion) is { } no) return no;
            var (periodId, changed, rejection) = Record(tx, vault, donor, organisationId, request);
            if (rejection is not null) return rejection.ToProblem();
            if (changed) donor.AnnounceChange(tx);
            donor.Save(tx);
            tx.Audit("donor.membership", $"donors/{id}", new { organisationId });
            return Answers.Ok(donor.ProfileVersion, new MembershipView(periodId, id, organisationId, request.MemberNumber is { } n ? Mask.Number(n) : null, request.GroupId, request.ValidFrom, request.ValidTo, request.ShareParticipation));
        }, ct);

    /// <summary>Writes a period into the registration that is recorded under, and what it does to its neighbours.</summary>
    /// <returns>The period's id, and whether anything changed.</returns>
    internal static (Guid Id, bool Changed, Rejection? Rejection) Record(Transaction tx, Vault vault, DonorFile donor, Guid organisationId, PutMembershipRequest request)
    {
        var period = new MembershipPeriod(tx.NewId(), organisationId, request.GroupId, request.ValidFrom, request.ValidTo, request.ShareParticipation);
        var (replaced, ended, rejection) = Rules.Memberships.Put(donor.OwnMemberships.Select(m => m.Period), period);
        if (rejection is not null) return (default, false, rejection);
        var memberIndex = request.MemberNumber is { } number ? DonorIndexes.Member(vault, organisationId, number) : null;
        var standing = replaced is null ? null : donor.OwnMemberships.Single(m => m.Id == replaced.Id);
        if (standing is not null && standing.Period == period with { Id = standing.Id } && (standing.MemberIndex ?? []).AsSpan().SequenceEqual(memberIndex ?? [])) return (standing.Id, false, null);

        var row = new MembershipRow(standing?.Id ?? period.Id, donor.Id, organisationId, request.MemberNumber is null ? null : donor.Key.Seal("member_number", request.MemberNumber), memberIndex, request.GroupId, request.ValidFrom, request.ValidTo, request.ShareParticipation);
        if (ended is not null) tx.Write("update donor.membership set valid_to = @To where id = @Id", new { ended.To, ended.Id });
        if (standing is not null) tx.Write("update donor.membership set member_number = @MemberNumber, member_index = @MemberIndex, group_id = @GroupId, valid_to = @ValidTo, share_participation = @ShareParticipation where id = @Id", row);
        else tx.Write("""
            insert into donor.membership (id, donor_id, organisation_id, member_number, member_index, group_id, valid_from, valid_to, share_participation, recorded_at)
            values (@Id, @DonorId, @OrganisationId, @MemberNumber, @MemberIndex, @GroupId, @ValidFrom, @ValidTo, @ShareParticipation, @now)
            """, new { row.Id, row.DonorId, row.OrganisationId, row.MemberNumber, row.MemberIndex, row.GroupId, row.ValidFrom, row.ValidTo, row.ShareParticipation, now = tx.Now });
        donor.Replace([.. donor.Memberships.Where(m => m.Id != row.Id).Select(m => m.Id == ended?.Id ? m with { ValidTo = ended.To } : m), row]);
        return (row.Id, true, null);
    }
}
