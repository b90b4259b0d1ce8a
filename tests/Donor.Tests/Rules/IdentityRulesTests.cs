using BloodPlatform.Donors.Rules;

namespace BloodPlatform.Donors.Tests.Rules;

public sealed class IdentityRulesTests
{
    private static readonly Guid University = Guid.Parse("00000000-0000-7000-8000-000000000001");
    private static readonly Guid Club = Guid.Parse("00000000-0000-7000-8000-000000000002");

    private static MembershipPeriod Period(string? from, string? to, Guid? organisation = null, bool share = true, string? group = null) =>
        new(Some.Id(), organisation ?? University, group, from is null ? null : DateOnly.Parse(from, null), to is null ? null : DateOnly.Parse(to, null), share);

    [Theory]
    [InlineData(true, false, false, false, 60)]
    [InlineData(false, true, false, false, 70)]
    [InlineData(true, true, false, false, 95)]
    [InlineData(true, false, true, false, 20)] // twins with one telephone
    [InlineData(true, true, true, false, 55)]
    [InlineData(true, true, false, true, 45)]
    [InlineData(true, false, true, true, 0)] // never below nothing
    [InlineData(false, false, false, false, 0)]
    public void A_candidate_scores_by_what_is_shared_less_what_speaks_against_it(bool phone, bool name, bool sex, bool group, int percent) =>
        Assert.Equal(percent, Duplicates.Score(IdentityPolicy.Shipped, phone, name, sex, group).Percent);

    [Theory]
    [InlineData("ＬＩ　Ｍｉｎｇ２", "Li ming2")]
    [InlineData("Ｚ！～", "z!~")] // the ends of the wide characters
    [InlineData("买买提·艾力", "买买提•艾力")]
    [InlineData("买买提・艾力", "买买提．艾力")]
    [InlineData(" 李\u200B 明 ", "李明")]
    [InlineData("𠮷野", "𠮷 野")] // outside the basic plane
    public void However_a_name_is_typed_it_is_one(string one, string other) => Assert.Equal(Duplicates.NormaliseName(one), Duplicates.NormaliseName(other));

    [Theory]
    [InlineData("李明", "李鸣")]
    [InlineData("Li Ming", "Li Min")]
    [InlineData("\uFF00A", "A")] // beside the wide characters
    [InlineData("A\uFF5F", "A")]
    [InlineData("Ａ-Ｂ", "AB")]
    public void Two_names_stay_two(string one, string other) => Assert.NotEqual(Duplicates.NormaliseName(one), Duplicates.NormaliseName(other));

    [Theory]
    [InlineData("", "")]
    [InlineData("０９ＡＺａｚ　（）", "09AZaz ()")]
    [InlineData("汉字 a-Z", "汉字 a-Z")]
    public void Wide_characters_are_the_ones_they_stand_for(string typed, string folded) => Assert.Equal(folded, FullWidth.Fold(typed));

    [Theory]
    [InlineData("declared", "declared", "declared")]
    [InlineData("declared", "phone", "phone")]
    [InlineData("phone", "document-seen", "document-seen")]
    [InlineData("document-seen", "declared", "document-seen")]
    public void The_surest_of_several_registrations_stands(string one, string other, string expected) => Assert.Equal(expected, IdentityAssurance.Surest([one, other]));

    [Theory]
    [InlineData("declared", false)]
    [InlineData("phone", false)]
    [InlineData("document-seen", true)]
    public void Only_whose_document_was_seen_is_collected_from(string assurance, bool may) => Assert.Equal(may ? null : Problems.DocumentNotSeen, IdentityAssurance.Collection(assurance)?.Problem);

    [Theory]
    [InlineData("declared", "declared")]
    [InlineData("phone", "declared")]
    [InlineData("document-seen", "document-seen")]
    public void Another_telephone_was_not_reached_yet(string before, string after) => Assert.Equal(after, IdentityAssurance.WithNewPhone(before));

    [Fact]
    public void A_merge_is_undone_within_thirty_days() =>
        Assert.Equal(new DateTimeOffset(2026, 3, 31, 8, 0, 0, TimeSpan.Zero), IdentityPolicy.Shipped.UndoUntil(new(2026, 3, 1, 8, 0, 0, TimeSpan.Zero)));

    [Fact]
    public void The_next_class_ends_the_one_before_on_the_day_before()
    {
        var first = Period("2024-09-01", null);
        var (replaced, ended, no) = Memberships.Put([first], Period("2025-09-01", null));
        Assert.Equal((null, new DateOnly(2025, 8, 31), null), (replaced, ended!.To, no));
    }

    [Fact]
    public void A_period_that_has_ended_stays_as_it_was() => Assert.Null(Memberships.Put([Period("2024-09-01", "2025-06-30")], Period("2025-09-01", null)).Ended);

    [Fact]
    public void The_same_first_day_again_is_the_same_period()
    {
        var first = Period(null, null);
        Assert.Equal(first, Memberships.Put([first], Period(null, "2025-06-30")).Replaced);
    }

    [Theory]
    [InlineData("2024-09-01", null)]
    [InlineData("2024-09-01", "2025-09-01")]
    [InlineData(null, null)]
    public void Periods_of_one_organisation_never_overlap(string? from, string? to) =>
        Assert.Equal(Problems.MembershipOverlap, Memberships.Put([Period("2025-09-01", null)], Period(from, to)).Rejection!.Problem);

    [Fact]
    public void Several_organisations_at_once_are_no_overlap() =>
        Assert.Equal((null, null, null), Memberships.Put([Period("2025-09-01", null)], Period("2024-01-01", null, Club)));

    [Theory]
    [InlineData("2025-08-31", "first")]
    [InlineData("2025-09-01", "second")]
    [InlineData("2026-06-30", "second")]
    [InlineData("2026-07-01", null)]
    [InlineData("2024-08-31", null)]
    public void A_donation_is_attributed_as_of_its_day(string day, string? expected)
    {
        MembershipPeriod[] periods = [Period("2024-09-01", "2025-08-31", University), Period("2025-09-01", "2026-06-30", Club)];
        Assert.Equal(expected switch { "first" => University, "second" => Club, _ => null }, Memberships.SharedOn(periods, DateOnly.Parse(day, null), null));
    }

    [Fact]
    public void The_drives_organiser_comes_first_where_he_belongs_to_it_and_only_where_he_shares()
    {
        MembershipPeriod[] periods = [Period("2024-09-01", null), Period("2025-09-01", null, Club)];
        Assert.Equal(Club, Memberships.SharedOn(periods, new(2026, 1, 1), null));
        Assert.Equal(University, Memberships.SharedOn(periods, new(2026, 1, 1), University));
        Assert.Equal(Club, Memberships.SharedOn([periods[0] with { ShareParticipation = false }, periods[1]], new(2026, 1, 1), University));
    }

    [Theory]
    [InlineData("1900-01-01", "2199-12-31", null)]
    [InlineData("1899-12-31", null, "/validFrom")]
    [InlineData(null, "1899-12-31", "/validTo")]
    [InlineData("2200-01-01", null, "/validFrom")]
    [InlineData(null, "2200-01-01", "/validTo")]
    [InlineData("2026-09-02", "2026-09-01", "/validTo")]
    [InlineData("2026-09-01", "2026-09-01", null)]
    public void A_membership_lies_within_these_centuries_and_ends_no_earlier_than_it_begins(string? from, string? to, string? wrong)
    {
        var no = Memberships.Put([], Period(from, to)).Rejection;
        Assert.Equal(wrong, no?.Errors.Single().Pointer);
        Assert.Equal(wrong is null ? null : BloodPlatform.Chassis.CommonProblems.Invalid, no?.Problem);
    }

    [Fact]
    public void A_membership_is_told_the_first_one_that_it_would_reach_into()
    {
        var no = Memberships.Put([Period("2027-09-01", null), Period("2026-09-01", "2027-08-31")], Period("2025-09-01", "2030-01-01")).Rejection!;
        Assert.Equal("The next membership there begins on 2026-09-01", no.Detail);
    }

    [Fact]
    public void Of_two_that_began_the_same_day_one_and_the_same_is_always_taken()
    {
        MembershipPeriod[] periods = [Period("2025-09-01", null), Period("2025-09-01", null, Club)];
        var first = new[] { University, Club }.Min();
        Assert.Equal(first, Memberships.SharedOn(periods, new(2026, 1, 1), null));
        Assert.Equal(first, Memberships.SharedOn([periods[1], periods[0]], new(2026, 1, 1), null));
    }

    [Theory]
    [InlineData("registration", "2021-11-01", true)]
    [InlineData("registration", "2021-10-31", false)]
    [InlineData("health-data", "2026-03-10", true)]
    [InlineData("anything", "2026-03-10", false)]
    public void Nobody_agrees_to_a_text_that_is_not_shown_on_the_day(string code, string day, bool shown) => Assert.Equal(shown ? code : null, ConsentTexts.On(code, DateOnly.Parse(day, null))?.Code);

    [Fact]
    public void The_texts_are_told_in_the_readers_language_and_by_code_oldest_version_first()
    {
        var before = System.Globalization.CultureInfo.CurrentUICulture;
        try
        {
            foreach (var (language, zh) in new[] { ("zh-CN", true), ("en", false) })
            {
                System.Globalization.CultureInfo.CurrentUICulture = new(language);
                Assert.All(ConsentTexts.All, t => Assert.Equal(zh ? t.Zh : t.En, t.Text));
                Assert.Equal(zh ? RetentionRule.Shipped.Zh : RetentionRule.Shipped.En, RetentionRule.Shipped.Text);
            }
        }
        finally { System.Globalization.CultureInfo.CurrentUICulture = before; }
        Assert.Equal(ConsentTexts.All.OrderBy(t => t.Code, StringComparer.Ordinal).ThenBy(t => t.Version), ConsentTexts.All);
    }
}
