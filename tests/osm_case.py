"""A small OpenStreetMap extract, drawn in metres around a point in Hangzhou."""

import math
from xml.sax.saxutils import quoteattr

LON, LAT = 120.2, 30.2


class Extract:
    """Collects nodes, ways and relations, and writes them as .osm XML."""

    def __init__(self, lon=LON, lat=LAT):
        self.lon, self.lat = lon, lat
        self.nodes, self.ways, self.relations = [], [], []
        self.ids = {}

    def at(self, x, y):
        """Degrees of a point x metres east and y metres north of the origin."""
        return (
            self.lon + x / (111_319.49 * math.cos(math.radians(self.lat))),
            self.lat + y / 110_850.0,
        )

    def node(self, x, y, **tags):
        if not tags and (x, y) in self.ids:
            return self.ids[x, y]
        number = len(self.nodes) + 1
        self.nodes.append((number, *self.at(x, y), tags))
        self.ids.setdefault((x, y), number)
        return number

    def way(self, points, **tags):
        number = len(self.ways) + 1
        self.ways.append((number, [self.node(*point) for point in points], tags))
        return number

    def box(self, west, south, east, north, **tags):
        corners = [(west, south), (east, south), (east, north), (west, north), (west, south)]
        return self.way(corners, **tags)

    def relation(self, members, **tags):
        self.relations.append((len(self.relations) + 1, members, {"type": "multipolygon", **tags}))

    def bbox(self, west, south, east, north):
        (w, s), (e, n) = self.at(west, south), self.at(east, north)
        return f"{w},{s},{e},{n}"

    def text(self, head=""):
        def tagged(tags):
            return "".join(
                f"<tag k={quoteattr(k.replace('__', ':'))} v={quoteattr(str(v))}/>" for k, v in tags.items()
            )

        lines = ['<?xml version="1.0" encoding="UTF-8"?>', head, '<osm version="0.6" generator="test">']
        lines += [
            f'<node id="{i}" version="1" lon="{lon:.7f}" lat="{lat:.7f}">{tagged(tags)}</node>'
            for i, lon, lat, tags in self.nodes
        ]
        lines += [
            f'<way id="{i}" version="1">'
            + "".join(f'<nd ref="{n}"/>' for n in nodes)
            + f"{tagged(tags)}</way>"
            for i, nodes, tags in self.ways
        ]
        lines += [
            f'<relation id="{i}" version="1">'
            + "".join(f'<member type="way" ref="{ref}" role="{role}"/>' for ref, role in members)
            + f"{tagged(tags)}</relation>"
            for i, members, tags in self.relations
        ]
        return "\n".join([*lines, "</osm>"])

    def write(self, folder, name="park.osm", head=""):
        path = folder / name
        path.write_text(self.text(head), encoding="utf-8")
        return path


def small_park():
    """400 × 300 m: two streets, a fenced yard with a gate, offices, a factory, flats, places, stops."""
    e = Extract()
    e.way([(-50, 12), (450, 12)], highway="primary", name="Jiangnan Avenue")
    e.way([(212, -50), (212, 350)], highway="residential")
    e.way([(212, 137), (150, 137)], highway="service")
    e.way([(-20, 260), (420, 260)], highway="footway")
    e.box(50, 50, 100, 100, building="office", building__levels=10, name="East Tower")
    e.box(250, 50, 325, 100, building="industrial", height="9.9 m")
    e.box(250, 150, 300, 200, building="apartments", building__levels=6)
    e.box(350, 150, 375, 175, building="yes")
    e.box(320, 120, 400, 220, landuse="commercial", name="Trade Park")
    # a fenced yard with a gate in its eastern fence, an office and a canteen inside
    ring = [(25, 112), (162, 112), (162, 137), (162, 212), (25, 212), (25, 112)]
    e.way(ring, barrier="fence")
    e.node(162.0, 137.0, barrier="gate", name="East gate")
    e.box(50, 150, 125, 187, building="office", building__levels=4, name="研发楼", name__en="R&D house")
    e.node(80, 170, amenity="canteen", name="Staff canteen", capacity=80, opening_hours="Mo-Fr 11:00-13:30")
    e.node(60, 60, amenity="cafe", name="Corner", level=1)
    e.node(280, 170, shop="convenience", opening_hours="24/7")
    e.node(90, 12, amenity="pharmacy")
    e.node(900, 100, amenity="school", name="School One")
    e.node(920, 110, amenity="school", name="School Two")
    e.node(100, 0, highway="bus_stop", name="Jiangnan Avenue")
    e.node(110, 25, highway="bus_stop", name="Jiangnan Avenue")
    e.node(300, 30, railway="subway_entrance", name="B")
    e.node(30, 30, amenity="wishing_well")
    e.box(-60, 225, 120, 300, leisure="park", name="Green")
    e.box(300, 225, 400, 300, natural="water")
    e.box(125, 25, 187, 62, amenity="parking", capacity=40)
    return e


BOX = (0, 0, 400, 300)
