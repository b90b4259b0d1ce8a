using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using BloodPlatform.Chassis;
using BloodPlatform.Contracts.Event;
using BloodPlatform.Demo;
using BloodPlatform.Drives.Features.Appointments;
using Dapper;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;
using Npgsql;
using NpgsqlTypes;

namespace BloodPlatform.Bench;

/// <summary>
/// Bookings a second at one slot: all compete for its row. The reference is a bare Kestrel and Npgsql program in this process that runs the service's own statements (taken
/// from its constants) in the same two round trips against the same tables, with the same driver settings: no authentication, no rules, no problems, nothing sealed.
/// They take turns, each round at a drive of its own and with donors of its own.
/// </summary>
/// <remarks>
/// The service's donors and bookings are real ones, made through the API; their drives are cancelled afterwards, by which the bookings end. The reference's donors and bookings lie in Event's
/// tables while it runs and are taken out again; its events and kept answers go to copies of those tables in the schema bench: from the real outbox the relay would
/// send bookings that nobody made, and that work would be counted to the reference.
/// </remarks>
internal static class HotDrive
{
    private const int Rounds = 3, Bookings = 1000, WarmUp = 300, Clients = 16;

    /// <param name="standStill">Processes that stand still while bookings are timed, and hear of them afterwards: whoever else has his own machine. None where all share this one.</param>
    /// <returns>Bookings a second, round by round.</returns>
    public static async Task<(double[] Service, double[] Gateway, double[] Reference)> Measure(Api api, string superuser, Uri service, int[] standStill)
    {
        await using var database = new NpgsqlConnection(superuser);
        await database.OpenAsync();
        var day = new DateTimeOffset(TimeProvider.System.GetUtcNow().AddDays(60).Date, TimeSpan.Zero);
        Console.WriteLine($"{WarmUp + Rounds * Bookings} donors are registered");
        var run = TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds() % 10_000_000_000;
        var donors = new Guid[WarmUp + Rounds * Bookings];
        await Parallel.ForAsync(0, donors.Length, new ParallelOptions { MaxDegreeOfParallelism = 8 }, async (i, _) => donors[i] = (await api.Send(HttpMethod.Post, "station", "/v1/donors", Person(run, i))).Body["id"]!.GetValue<Guid>());
        await Pace.Until(database, "select count(*) = cardinality(@donors) from event.donor where donor_id = any(@donors) and profile_version > 0 and eligibility_version > 0", new { donors });

        await database.ExecuteAsync("create schema if not exists bench; drop table if exists bench.outbox, bench.idempotency; create table bench.outbox (like event.outbox including all); create table bench.idempotency (like event.idempotency including all)");
        var drives = new List<Guid>();
        var borrowed = new List<Guid>(); // the reference's drives
        try
        {
            using var direct = new HttpClient { BaseAddress = service };
            using var gateway = new HttpClient { BaseAddress = new Uri(api.Credentials.BaseUrl) };
            foreach (var client in new[] { direct, gateway }) client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", await api.TokenOf("station"));
            var (ofService, ofGateway, ofReference) = (new double[Rounds], new double[Rounds], new double[Rounds]);
            await using var source = NpgsqlDataSource.Create(PlatformService.ServiceConnectionString(new ConfigurationManager { ["ConnectionStrings:Service"] = superuser + ";Maximum Pool Size=20" }));
            await using var bare = await Bare(source, database, donors[0]);
            using var reference = new HttpClient { BaseAddress = new Uri(bare.Urls.First()) };
            for (var round = -1; round < Rounds; round++) // the first warms up
            {
                var count = round < 0 ? WarmUp : Bookings;
                var his = donors.AsMemory(round < 0 ? 0 : WarmUp + round * Bookings, count);
                var service1 = await Round(direct, "/v1/appointments", await Open(day), his);
                // Who booked a year before may book again.
                var gateway1 = await Round(gateway, "/v1/appointments", await Open(day.AddYears(1)), his);
                var drive = await Open(day);
                borrowed.Add(drive.Id);
                var reference1 = await Round(reference, "/appointments", drive, (await database.QueryAsync<Guid>("""
                    insert into event.donor (donor_id, profile_version, status, district, apps, memberships, eligibility_version, rule_set, windows)
                    select md5(@of || '/' || n)::uuid, profile_version, status, district, apps, memberships, eligibility_version, rule_set, windows from event.donor, generate_series(1, @count) n where donor_id = @like
                    returning donor_id
                    """, new { of = drive.Id.ToString(), count, like = donors[0] })).ToArray());
                if (round >= 0) (ofService[round], ofGateway[round], ofReference[round]) = (service1, gateway1, reference1);
            }
            return (ofService, ofGateway, ofReference);
        }
        finally
        {
            await database.ExecuteAsync("""
                delete from event.booking_block where appointment_id in (select id from event.appointment where drive_id = any(@borrowed));
                delete from event.donor where donor_id in (select donor_id from event.appointment where drive_id = any(@borrowed));
                delete from event.donor d using unnest(@borrowed) b, generate_series(1, @Bookings) n where d.donor_id = md5(b || '/' || n)::uuid;
                delete from event.appointment where drive_id = any(@borrowed);
                update event.slot set booked = 0 where drive_id = any(@borrowed);
                drop schema bench cascade
                """, new { borrowed = borrowed.ToArray(), Bookings }, commandTimeout: 300);
            foreach (var drive in drives) await api.Send(HttpMethod.Post, "station", $"/v1/drives/{drive}/cancel", new { reasonCode = "measured" }, $"bench-cancel-{drive}");
            await Pace.Drained(database);
        }

        async Task<(Guid Id, DateTimeOffset Slot)> Open(DateTimeOffset startsAt)
        {
            var id = (await api.Send(HttpMethod.Post, "station", "/v1/drives", new
            {
                organisationId = api.Credentials.Organisations["university"], kind = "organisation", theme = "抢位测速", startsAt, endsAt = startsAt.AddHours(1), slotMinutes = 60, capacityPerSlot = Bookings,
                venue = new { name = "体育馆", address = $"测速路{drives.Count + 1}号", district = "440703" }, procedures = new[] { "whole-blood" },
            })).Body["id"]!.GetValue<Guid>();
            drives.Add(id);
            foreach (var verb in new[] { "submit", "approve", "open" }) await api.Send(HttpMethod.Post, "station", $"/v1/drives/{id}/{verb}", new { });
            return (id, startsAt);
        }

        async Task<double> Round(HttpClient client, string path, (Guid Id, DateTimeOffset Slot) drive, ReadOnlyMemory<Guid> his)
        {
            await Pace.Drained(database); // what a round before left to the relay and to those who listen is not this one's
            Pace.Signal("-STOP", standStill);
            var started = Stopwatch.GetTimestamp();
            try { await BookAll(); }
            finally { Pace.Signal("-CONT", standStill); }
            var seconds = Stopwatch.GetElapsedTime(started).TotalSeconds;
            var booked = await database.QuerySingleAsync<(int Appointments, int Booked, int Persons)>("select (select count(*) from event.appointment where drive_id = @Id and status = 'booked')::int, (select sum(booked) from event.slot where drive_id = @Id)::int, (select count(distinct b.person_id) from event.booking_block b join event.appointment a on a.id = b.appointment_id where a.drive_id = @Id)::int", new { drive.Id });
            if (booked != (his.Length, his.Length, his.Length)) throw new InvalidOperationException($"{his.Length} bookings were answered, there are {booked}");
            return his.Length / seconds;

            Task BookAll() => Parallel.ForAsync(0, his.Length, new ParallelOptions { MaxDegreeOfParallelism = Clients }, async (i, ct) =>
            {
                using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = JsonContent.Create(new BookAppointmentRequest(drive.Id, drive.Slot, his.Span[i], "bench"), options: Json.Options) };
                request.Headers.Add("Idempotency-Key", $"bench-{drive.Id}-{i}");
                using var answer = await client.SendAsync(request, ct);
                if (answer.StatusCode != HttpStatusCode.Created) throw new InvalidOperationException($"{path} answered {answer.StatusCode}: {await answer.Content.ReadAsStringAsync(ct)}");
                await answer.Content.ReadAsByteArrayAsync(ct);
            });
        }
    }

    private static async Task<WebApplication> Bare(NpgsqlDataSource source, NpgsqlConnection database, Guid like)
    {
        string read = Transaction.KeepPlans + BookingFacts.ForNew.TrimEnd().TrimEnd(';') + ";\n" + Own(StoredAnswer.ByKey), keepAnswer = Own(Database.KeepAnswer), keepEvent = Own(Transaction.KeepEvent);
        var rules = (await database.QueryAsync<(DateTime ValidFrom, string Intervals)>("select valid_from::timestamp, intervals::text from event.rule_set where code = (select rule_set from event.donor where donor_id = @like)", new { like }))
            .Select(r => new BookingFacts.RulesRow(DateOnly.FromDateTime(r.ValidFrom), r.Intervals).Rules).ToArray();

        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        app.MapPost("/appointments", async (BookAppointmentRequest request, HttpContext http) =>
        {
            var key = http.Request.Headers["Idempotency-Key"].ToString();
            await using var connection = await source.OpenConnectionAsync();
            await using var transaction = await connection.BeginTransactionAsync();
            var slotStartsAt = request.SlotStartsAt.UtcDateTime;
            await using (var facts = new NpgsqlCommand(read, connection, transaction) { Parameters = { new("driveId", request.DriveId), new("donorId", request.DonorId), new("slotStartsAt", slotStartsAt), new("__client", "bench"), new("__key", key) } })
            await using (var rows = await facts.ExecuteReaderAsync())
            {
                var values = new object[16];
                do
                {
                    while (await rows.ReadAsync()) rows.GetValues(values);
                }
                while (await rows.NextResultAsync());
            }

            var (id, now, none) = (Ids.New(TimeProvider.System), TimeProvider.System.GetUtcNow(), (object)DBNull.Value);
            var blocks = Drives.Rules.Booking.Blocks("whole-blood", Shanghai.DateOf(request.SlotStartsAt), rules);
            var booked = new AppointmentBooked { Key = id.ToString(), Version = 1, OccurredAt = now, AppointmentId = id, DonorId = request.DonorId, DriveId = request.DriveId, SlotStartsAt = request.SlotStartsAt, Procedure = "whole-blood", Channel = request.Channel, Backfilled = false, EventId = Ids.New(TimeProvider.System), RecordedAt = now };
            var view = new AppointmentView(id, request.DriveId, request.DonorId, request.SlotStartsAt, "whole-blood", request.Channel, null, "booked", false, null, null, now, null, ["move", "cancel"]);
            await using var batch = new NpgsqlBatch(connection, transaction)
            {
                BatchCommands =
                {
                    new(keepAnswer) { Parameters = { new("ClientId", "bench"), new("Key", key), new("Fingerprint", new byte[32]), new("answer", JsonSerializer.SerializeToUtf8Bytes(view, Json.Options)), new("now", now.UtcDateTime) } },
                    new(AppointmentRow.InsertRow)
                    {
                        Parameters =
                        {
                            new("Id", id), new("Version", 1L), new("DriveId", request.DriveId), new("SlotStartsAt", slotStartsAt), new("donorId", request.DonorId), new("Procedure", "whole-blood"), new("Channel", request.Channel),
                            new("AppealId", NpgsqlDbType.Uuid) { Value = none }, new("Status", "booked"), new("Backfilled", false), new("backfillReason", NpgsqlDbType.Text) { Value = none }, new("BookedAt", now.UtcDateTime), new("now", now.UtcDateTime), new("WalkIn", false),
                        },
                    },
                    new(AppointmentRow.DeleteBlocks) { Parameters = { new("Id", id) } },
                    new(AppointmentRow.InsertBlocks) { Parameters = { new("Id", id), new("DonorId", request.DonorId), new("procedures", blocks.Select(b => b.Procedure).ToArray()), new("sides", blocks.Select(b => b.Side).ToArray()), new("days", blocks.Select(b => b.Multirange).ToArray()) } },
                    new(keepEvent)
                    {
                        Parameters =
                        {
                            new("RecordedAt", now.UtcDateTime), new("EventId", booked.EventId), new("type", typeof(AppointmentBooked).FullName!), new("Key", booked.Key), new("Version", 1L),
                            new("payload", JsonSerializer.Serialize(booked, Json.Options)), new("trace", NpgsqlDbType.Text) { Value = none },
                        },
                    },
                    new(BookingFacts.TakePlace) { Parameters = { new("DriveId", request.DriveId), new("SlotStartsAt", slotStartsAt), new("places", Bookings), new("all", Bookings) } },
                    new("commit"),
                },
            };
            await batch.ExecuteNonQueryAsync();
            return TypedResults.Json(view, Json.Options, statusCode: StatusCodes.Status201Created);
        });
        await app.StartAsync();
        return app;

        static string Own(string sql) => sql.Replace("{schema}", "bench", StringComparison.Ordinal);
    }

    // Nobody's: numbers of the run, and telephones that begin with 12 as no mobile number in China does.
    private static object Person(long run, int i) => new
    {
        name = string.Create(CultureInfo.InvariantCulture, $"测{i}"), document = new { kind = "passport", number = string.Create(CultureInfo.InvariantCulture, $"H{run:0000000000}{i:000000}") }, phone = string.Create(CultureInfo.InvariantCulture, $"12{(run + i) % 1_000_000_000:000000000}"),
        sex = i % 2 == 0 ? "female" : "male", birthDate = "1995-06-01", district = "440703", consents = new[] { "registration" },
    };
}
