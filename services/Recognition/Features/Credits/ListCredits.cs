using BloodPlatform.Chassis;
using BloodPlatform.Recognition.Features.Projections;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BloodPlatform.Recognition.Features.Credits;

/// <summary>GET /v1/credits?driveId=&amp;donorId=&amp;limit=&amp;cursor=: of the station's own donations, in the order of granting.</summary>
public static class ListCredits
{
    public static void Map(IEndpointRouteBuilder app) => app.MapGet("/v1/credits", Handle)
        .Allow("recognitions", Roles.Station)
        .WithSummary("Credit lines of the station's own donations");

    private static async Task<Ok<Page<CreditView>>> Handle(Guid? driveId, Guid? donorId, int? limit, Guid? cursor, Caller caller, Database db, CancellationToken ct)
    {
        var size = Answers.Limit(limit);
        var rows = await db.Query<CreditView>($"""
            select {CreditView.Columns} from recognition.credit
            where station_id = @station and (@driveId::uuid is null or drive_id = @driveId) and (@donorId::uuid is null or donor_id in {Persons.Ids("@donorId")}) and (@cursor::uuid is null or id > @cursor)
            order by id limit @size + 1
            """, new { station = caller.Tenant, driveId, donorId, cursor, size }, ct);
        return TypedResults.Ok(Page<CreditView>.From(rows, size, c => c.Id.ToString()));
    }
}
