using System.ComponentModel.DataAnnotations;
using BloodPlatform.Chassis;
using BloodPlatform.Contracts.Donor;
using BloodPlatform.Donors.Data;
using BloodPlatform.Donors.Features.Donors;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Donors.Features.Memberships;

/// <param name="ShareParticipation">Whether the organisation may learn that he took part: the donor's own decision.</param>
public sealed record PutMembershipRequest(
    bool ShareParticipation,
    [property: StringLength(40, MinimumLength = 1)] string? MemberNumber = null,
    [property: StringLength(80, MinimumLength = 1)] string? GroupId = null,
    DateOnly? ValidFrom = null,
    DateOnly? ValidTo = null);

public sealed record MembershipView(Guid DonorId, Guid OrganisationId, string? MemberNumber, string? GroupId, DateOnly? ValidFrom, DateOnly? ValidTo, bool ShareParticipation);

/// <summary>PUT /v1/donors/{id}/memberships/{organisationId}: part of the donor, so If-Match is the donor's.</summary>
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
            if (Answers.Precondition(http, donor.Version) is { } no) return no;
            if (request.ValidFrom > request.ValidTo) return CommonProblems.Invalid.With(null, new FieldError("/validTo", "invalid", "Before validFrom"));

            var number = request.MemberNumber is null ? null : donor.Key.Seal("member_number", request.MemberNumber);
            tx.Write("""
                insert into donor.membership (donor_id, organisation_id, member_number, group_id, valid_from, valid_to, share_participation)
                values (@id, @organisationId, @number, @GroupId, @ValidFrom, @ValidTo, @ShareParticipation)
                on conflict (donor_id, organisation_id) do update set member_number = excluded.member_number, group_id = excluded.group_id, valid_from = excluded.valid_from, valid_to = excluded.valid_to, share_participation = excluded.share_participation
                """, new { id, organisationId, number, request.GroupId, request.ValidFrom, request.ValidTo, request.ShareParticipation });
            tx.Append(new DonorChanged
            {
                Key = id.ToString(), Version = donor.NextVersion(), OccurredAt = tx.Now, DonorId = id, Status = donor.Row.Status, BloodGroup = donor.Row.BloodGroup, District = donor.Row.District,
                Consents = [.. donor.Consents], Apps = donor.Row.Apps,
                Memberships = [.. donor.PublicMemberships.Where(m => m.OrganisationId != organisationId), new DonorMembership(organisationId, request.GroupId, request.ValidFrom, request.ValidTo, request.ShareParticipation)],
            });
            donor.Save(tx);
            tx.Audit("donor.membership", $"donors/{id}", new { organisationId });
            return Answers.Ok(donor.Version, new MembershipView(id, organisationId, request.MemberNumber is { } n ? Mask.Number(n) : null, request.GroupId, request.ValidFrom, request.ValidTo, request.ShareParticipation));
        }, ct);
}
