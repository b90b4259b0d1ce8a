using BloodPlatform.Donors.Rules;

namespace BloodPlatform.Donors.Tests.Rules;

/// <summary>A line of a class list: what it says, or what is wrong with it and in which column.</summary>
public sealed class MembershipListTests
{
    private static readonly MembershipLine Good = new(" 2023101001 ", "软件2301", "2026-09-01", " 2027-06-30 ");

    private static string Errors(MembershipLine line)
    {
        var (change, errors) = MembershipList.Read(line);
        Assert.Null(change);
        return string.Join(' ', errors.Select(e => $"{e.Pointer}:{e.Code}"));
    }

    [Fact]
    public void A_good_line_is_its_values_without_the_blanks_around_them()
    {
        var (change, errors) = MembershipList.Read(Good);
        Assert.Empty(errors);
        Assert.Equal(new MembershipChange("2023101001", "软件2301", new(2026, 9, 1), new(2027, 6, 30)), change);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("  ")]
    public void Only_the_number_must_be_there(string? empty)
    {
        Assert.Equal(new MembershipChange("1", null, null, null), MembershipList.Read(new("1", empty, empty, empty)).Change);
        Assert.Equal("/memberNumber:required", Errors(Good with { MemberNumber = empty }));
    }

    [Fact]
    public void Each_column_has_its_length()
    {
        Assert.NotNull(MembershipList.Read(Good with { MemberNumber = new('9', 40), GroupId = new('组', 80) }).Change);
        Assert.Equal("/memberNumber:invalid /groupId:invalid", Errors(Good with { MemberNumber = new('9', 41), GroupId = new('组', 81) }));
    }

    [Theory]
    [InlineData("2026/09/01")]
    [InlineData("2026-9-1")]
    [InlineData("2026-02-30")]
    [InlineData("1899-12-31")]
    [InlineData("2200-01-01")]
    public void A_day_is_one_of_the_calendar_and_of_these_centuries(string day)
    {
        Assert.Equal("/validFrom:invalid", Errors(Good with { ValidFrom = day, ValidTo = null }));
        Assert.Equal("/validTo:invalid", Errors(Good with { ValidFrom = null, ValidTo = day }));
    }

    [Fact]
    public void It_may_end_on_its_first_day_and_not_before()
    {
        Assert.NotNull(MembershipList.Read(Good with { ValidTo = Good.ValidFrom }).Change);
        Assert.Equal("/validTo:invalid", Errors(Good with { ValidTo = "2026-08-31" }));
    }

    [Fact]
    public void Control_characters_are_told_and_everything_wrong_at_once() =>
        Assert.Equal("/memberNumber:invalid /groupId:invalid /validFrom:invalid", Errors(new("1\u00072", "a\u0000b", "gestern", null)));
}
